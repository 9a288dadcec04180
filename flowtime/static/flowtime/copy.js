// Buttons that copy an id, and say that they did.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const said = await write(button.dataset.copy);
  document.dispatchEvent(new CustomEvent("flowtime:toast", { detail: said }));
});

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "The browser did not allow copying. Select the text instead.";
  }
}
