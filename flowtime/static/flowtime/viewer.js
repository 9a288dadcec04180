// The viewer of the API in the theme of the pages: as it was chosen there, else as the system has it.
const chosen = document.currentScript.dataset.theme;
const system = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  const isDark = chosen ? chosen === "dark" : system.matches;
  document.documentElement.classList.toggle("dark-mode", isDark);
  document.documentElement.style.colorScheme = isDark ? "dark" : "light";
}

follow();
system.addEventListener("change", follow);
