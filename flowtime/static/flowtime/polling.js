// Care for what htmx sends: polls wait while the page is hidden, and what fails says so where it was asked.
const body = document.body;

const isPoll = (element) => element.getAttribute("hx-trigger")?.includes("every") ?? false;

body.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && isPoll(event.detail.elt)) event.preventDefault();
  else for (const note of document.querySelectorAll("[data-failure]")) note.remove();
});

for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  body.addEventListener(name, (event) => {
    if (!isPoll(event.detail.elt)) say(event.detail.target ?? event.detail.elt, event.detail.xhr);
  });
}

function say(place, xhr) {
  const id = xhr?.getResponseHeader("X-Request-ID");
  const note = document.createElement("div");
  note.className = "note error";
  note.dataset.failure = "";
  note.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = xhr?.status
    ? `FlowTime could not do this. Nothing you typed is lost; try again.${id ? ` Request ${id}.` : ""}`
    : "FlowTime did not answer. Nothing you typed is lost; try again when the connection is back.";
  note.append(words);
  place.prepend(note);
}
