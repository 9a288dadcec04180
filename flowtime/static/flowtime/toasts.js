// Toasts leave after six seconds, unless the pointer or the focus rests on them.
const tray = document.getElementById("toasts");
const STAY = 6000;

function watch(toast) {
  let timer = setTimeout(leave, STAY);
  function leave() {
    if (toast.matches(":hover, :focus-within")) timer = setTimeout(leave, STAY);
    else toast.remove();
  }
  toast.querySelector("[data-close]")?.addEventListener("click", () => {
    clearTimeout(timer);
    toast.remove();
  });
}

document.addEventListener("flowtime:toast", (event) => {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  const words = document.createElement("span");
  words.className = "grow";
  words.textContent = event.detail;
  toast.append(words);
  tray.append(toast);
});

tray.querySelectorAll("[data-toast]").forEach(watch);
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) if (node.matches?.("[data-toast]")) watch(node);
  }
}).observe(tray, { childList: true });
