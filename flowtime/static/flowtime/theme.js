// The theme toggle: changes the colours at once and keeps the choice with the same small POST.
const root = document.documentElement;

function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-toggle]");
  if (!form) return;
  event.preventDefault();
  const chosen = isDark() ? "light" : "dark";
  const body = new FormData(form);
  body.set("theme", chosen);
  root.dataset.theme = chosen;
  document.dispatchEvent(new CustomEvent("flowtime:theme"));
  fetch(form.action, { method: "POST", body, redirect: "manual" });
});
