// Care for what htmx sends: polls wait while the page is hidden, and what fails says so where it was asked.
const body = document.body;

const isPoll = (element) => element.getAttribute("hx-trigger")?.includes("every") ?? false;

body.addEventListener("htmx:beforeRequest", (event) => {
  // What nobody asked for takes no failure away that somebody has yet to read.
  if (isPoll(event.detail.elt)) {
    if (document.hidden) event.preventDefault();
  } else for (const note of document.querySelectorAll("[data-failure]")) note.remove();
});

for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  body.addEventListener(name, (event) => {
    if (!isPoll(event.detail.elt)) say(event.detail, inWords(event.detail.xhr));
  });
}

// A refusal that is a page of its own has no place in a part of another: its heading is said there instead.
body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, elt } = event.detail;
  if (!/^\s*<!doctype/i.test(xhr.responseText)) return;
  event.detail.shouldSwap = false;
  const heading = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("h1");
  if (xhr.status < 500 && !isPoll(elt)) say(event.detail, `${heading?.textContent.trim()}. Nothing you typed is lost; reload the page.`);
});

function inWords(xhr) {
  if (!xhr?.status) return "FlowTime did not answer. Nothing you typed is lost; try again when the connection is back.";
  const id = xhr.getResponseHeader("X-Request-ID");
  return `FlowTime could not do this. Nothing you typed is lost; try again.${id ? ` Request ${id}.` : ""}`;
}

function say({ elt, target, requestConfig }, text) {
  const note = document.createElement("div");
  note.className = "note error";
  note.dataset.failure = "";
  note.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = text;
  note.append(words);
  if (requestConfig?.verb === "get") note.append(again(elt, target, requestConfig));
  (target ?? elt).prepend(note);
}

// What only reads can be asked again from the note itself; what writes has its own button still.
function again(elt, target, { parameters, path }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  button.textContent = "Try again";
  button.addEventListener("click", () => {
    htmx.ajax("GET", path, { source: elt, target, swap: elt.getAttribute("hx-swap"), values: parameters });
  });
  const row = document.createElement("span");
  row.append(button);
  return row;
}
