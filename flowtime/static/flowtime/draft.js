// Nothing typed is lost: the values of the form are kept for this tab until they have become a run.
let isRestoring = false;
const PREFIX = "flowtime.draft.";
const form = () => document.querySelector("form[data-draft]");
const keyOf = (own) => PREFIX + own.dataset.draft;

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, draft) {
  try {
    if (draft) sessionStorage.setItem(key, JSON.stringify(draft));
    else sessionStorage.removeItem(key);
  } catch {
    // A browser without storage keeps the form as long as it keeps the page.
  }
}

const controlsOf = (own) =>
  [...own.elements].filter((control) => control.name && control.type !== "hidden" && control.tagName !== "BUTTON");

function valuesOf(own) {
  return Object.fromEntries(
    controlsOf(own).map((control) => [control.name, control.type === "checkbox" ? control.checked : control.value]),
  );
}

function keep(event) {
  const own = form();
  if (isRestoring) return;
  if (own && (!event || own.contains(event.target))) write(keyOf(own), { values: valuesOf(own), has_run: false });
}

function fill(own, values) {
  let differs = false;
  for (const control of controlsOf(own)) {
    const value = values[control.name];
    if (value === undefined) continue;
    const field = control.type === "checkbox" ? "checked" : "value";
    differs ||= control[field] !== value;
    control[field] = value;
  }
  return differs;
}

function restore() {
  const own = form();
  if (!own) return;
  if ("sent" in own.dataset) {
    keep();
    return;
  }
  const draft = read(keyOf(own));
  const came = performance.getEntriesByType("navigation")[0]?.type;
  if (!draft || (draft.has_run && came !== "back_forward")) return;
  if (!fill(own, draft.values)) return;
  own.querySelector("[data-restored]").hidden = false;
  // Once everything of the page listens, the plan follows.
  addEventListener("load", () => {
    isRestoring = true;
    own.dispatchEvent(new Event("change", { bubbles: true }));
    isRestoring = false;
  });
}

document.addEventListener("input", keep);
document.addEventListener("change", keep);

document.addEventListener("click", (event) => {
  const way = event.target.closest("[data-forget]");
  const own = form();
  if (!way || !own) return;
  write(keyOf(own), null);
  if (way.tagName === "BUTTON") location.reload();
});

// Only an answer that leads to the run ends the draft: the door, an error and silence do not.
document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  const to = event.detail.xhr.getResponseHeader("HX-Redirect") ?? "";
  const own = form();
  if (own && to.startsWith("/runs/")) write(keyOf(own), { values: valuesOf(own), has_run: true });
});

restore();
