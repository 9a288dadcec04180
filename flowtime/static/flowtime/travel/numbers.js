// The table behind the charts: fetched when it is opened, and again when another node is selected.
export function createNumbers(player) {
  const details = document.getElementById("numbers");
  const place = document.getElementById("numbers-table");
  let shown = place.querySelector("table") ? `${player.view.node} page` : "";

  async function show(row) {
    const node = player.view.node;
    const wanted = `${node} ${row}`;
    if (!details.open || shown === wanted) return;
    shown = wanted;
    const parts = await player.part("table", new URLSearchParams({ node, row }));
    if (shown === wanted) place.replaceChildren(...parts);
  }

  details.addEventListener("toggle", () => shown || show(0));
  place.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-row]");
    if (!link) return;
    event.preventDefault();
    show(Number(link.dataset.row));
  });
  return {
    node: () => {
      if (!shown.startsWith(`${player.view.node} `)) {
        shown = "";
        show(0);
      }
    },
  };
}
