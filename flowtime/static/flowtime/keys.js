// Single keys of every page: "/" finds the search, "?" shows the map, others are passed on to who listens.
// They can be turned off (WCAG 2.1.4), in the map and in the profile; <html> says so on the next page.
const root = document.documentElement;
const dialog = document.getElementById("keys");
const WRITING = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable], dialog[open]";

const areOn = () => root.dataset.shortcuts !== "off";

dialog?.querySelector("[data-single-keys]")?.addEventListener("change", (event) => {
  const form = event.currentTarget;
  root.dataset.shortcuts = event.target.checked ? "on" : "off";
  fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true });
});

const actions = {
  "/": () => document.querySelector("main input[type=search]")?.focus(),
  "?": () => dialog?.showModal(),
};

// A link may say which key it has.
const linkOf = (key) => [...document.querySelectorAll("a[data-key]")].find((link) => link.dataset.key === key);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !areOn()) return;
  if (event.target.closest(WRITING)) return;
  const link = linkOf(event.key.toLowerCase());
  const action = actions[event.key] ?? (link && (() => link.click()));
  if (action) {
    event.preventDefault();
    action();
  } else if (event.key.length === 1) {
    const passed = new CustomEvent("flowtime:key", { detail: event.key, cancelable: true });
    if (!document.dispatchEvent(passed)) event.preventDefault();
  }
});
