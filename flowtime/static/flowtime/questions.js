// A question that the server asks in the page becomes a modal dialog; without a script it stays in the page.
function ask(place) {
  for (const dialog of place.querySelectorAll("dialog[data-ask]")) {
    // An open dialog cannot become modal, so it is closed first.
    dialog.close();
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
    // Whoever asked was replaced with the panel, so the browser would not find it; Escape closes too.
    dialog.addEventListener("close", () => {
      if (!dialog.open) document.getElementById(dialog.dataset.ask)?.focus();
    });
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keep]")) {
    event.preventDefault();
    event.target.closest("dialog").close();
  }
});

document.body.addEventListener("htmx:load", (event) => ask(event.detail.elt));
