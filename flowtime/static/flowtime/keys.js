// Single keys of every page: "/" finds the search, "?" shows the map, others are passed on to who listens.
// They can be turned off (WCAG 2.1.4): on <html> by who knows the reader, in a cookie by the map itself.
const root = document.documentElement;
const dialog = document.getElementById("keys");
const box = dialog?.querySelector("[data-single-keys]");
const WRITING = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable], dialog[open]";

function areOn() {
  return root.dataset.shortcuts !== "off" && !/(^|; )shortcuts=off(;|$)/.test(document.cookie);
}

if (box) {
  box.checked = areOn();
  box.addEventListener("change", () => {
    const choice = box.checked ? "on" : "off";
    document.cookie = `shortcuts=${choice}; path=/; max-age=31536000; samesite=lax`;
    root.dataset.shortcuts = choice;
  });
}

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
