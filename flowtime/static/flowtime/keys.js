// Single keys of every page: "/" finds the search, "?" shows the map. They can be turned off (WCAG 2.1.4).
const STORE = "flowtime.single-keys";
const dialog = document.getElementById("keys");
const box = dialog?.querySelector("[data-single-keys]");

function areOn() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

if (box) {
  box.checked = areOn();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(STORE, box.checked ? "on" : "off");
    } catch {
      // A browser without storage forgets the choice; the keys then stay as they were.
    }
  });
}

const actions = {
  "/": () => document.querySelector("main input[type=search]")?.focus(),
  "?": () => dialog?.showModal(),
};

// A link may say which key it has.
const linkOf = (key) => [...document.querySelectorAll("a[data-key]")].find((link) => link.dataset.key === key);

document.addEventListener("keydown", (event) => {
  const link = linkOf(event.key.toLowerCase());
  const action = actions[event.key] ?? (link && (() => link.click()));
  if (!action || event.ctrlKey || event.metaKey || event.altKey || !areOn()) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  event.preventDefault();
  action();
});
