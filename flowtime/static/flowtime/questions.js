// A question that the server asks in the page becomes a modal dialog; without a script it stays in the page.
function ask(place) {
  for (const dialog of place.querySelectorAll("dialog[data-ask]")) {
    // An open dialog cannot become modal, so it is closed first.
    dialog.close();
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keep]")) {
    event.preventDefault();
    const dialog = event.target.closest("dialog");
    dialog.close();
    document.getElementById(dialog.dataset.ask)?.focus();
  }
});

document.body.addEventListener("htmx:load", (event) => ask(event.detail.elt));
