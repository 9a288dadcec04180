// The parameters of a new run: what differs from its default is marked and can be put back, and the plan follows.
import { split } from "./lists.js";

const DELAY = 250;

const form = () => document.querySelector("form[data-draft]");

function valuesOf(field) {
  const control = field.querySelector("input[name], textarea[name]");
  const is = field.dataset.parameter;
  if (is === "boolean") return [String(control.checked)];
  if (is === "string") return [control.value];
  return split(control.value);
}

const number = (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text));

function isChanged(field) {
  const has = valuesOf(field);
  const kind = field.dataset.parameter;
  const needs = kind === "boolean" || kind === "string" ? [field.dataset.default] : split(field.dataset.default);
  return has.length !== needs.length || has.some((value, at) => number(value) !== number(needs[at]));
}

function mark() {
  for (const field of document.querySelectorAll("[data-parameter][data-default]")) {
    field.classList.toggle("changed", isChanged(field));
  }
}

function reset(field) {
  const control = field.querySelector("input[name], textarea[name]");
  if (field.dataset.parameter === "boolean") control.checked = field.dataset.default === "true";
  else control.value = field.dataset.default;
  // The cells and the slider of a field follow its text.
  control.dispatchEvent(new Event("input", { bubbles: true }));
  (field.querySelector(".array input") ?? control).focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reset]");
  if (!button) return;
  event.preventDefault();
  reset(button.closest("[data-parameter]"));
});

// The plan follows what is typed; it is asked for anew once the typing rests.
let timer;
function changed(event) {
  const own = form();
  if (!own?.contains(event.target)) return;
  mark();
  clearTimeout(timer);
  timer = setTimeout(() => {
    const preview = own.querySelector("[data-preview]");
    if (preview) htmx.trigger(preview, "preview");
  }, DELAY);
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);

// What is wrong has been written beside its field; the field says so too.
document.body.addEventListener("htmx:oobAfterSwap", (event) => {
  const error = event.detail.target ?? event.target;
  if (!error.id?.endsWith("-error")) return;
  const control = document.getElementById(error.id.slice(0, -"-error".length));
  if (document.getElementById(error.id)?.childElementCount) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
});

mark();
document.body.addEventListener("htmx:load", mark);
