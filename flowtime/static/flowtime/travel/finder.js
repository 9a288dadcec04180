// Finding nodes by name, kind or state: what does not fit is dimmed in the graph and put away in the table and the rows.
export function createFinder(player) {
  const place = document.getElementById("find-nodes");
  const field = place.querySelector("input");
  const said = place.querySelector("[role=status]");
  let shown = "null";
  place.hidden = false;

  function wordsOf(node) {
    const state = player.config.stateWords[player.store.state(node.id, player.view.bin)];
    return `${node.label} ${node.id} ${node.kind} ${state}`.toLowerCase();
  }

  function find() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    return player.config.nodes.filter((node) => words.every((word) => wordsOf(node).includes(word))).map(({ id }) => id);
  }

  function show(found) {
    shown = JSON.stringify(found);
    const isOut = (id) => found !== null && !found.includes(id);
    for (const card of document.querySelectorAll("#graph .card")) card.classList.toggle("dimmed", isOut(card.dataset.node));
    for (const edge of document.querySelectorAll("#graph .edge")) {
      edge.classList.toggle("dimmed", isOut(edge.dataset.from) || isOut(edge.dataset.to));
    }
    for (const row of document.querySelectorAll("#node-rows tr")) row.hidden = isOut(row.dataset.node);
    for (const name of document.querySelectorAll("#rows [data-node]")) name.closest(".track").hidden = isOut(name.dataset.node);
    said.textContent = found === null ? "" : `${found.length} of ${player.config.nodes.length}`;
  }

  field.addEventListener("input", () => show(find()));
  field.addEventListener("keydown", (event) => {
    const [first] = find() ?? [];
    if (event.key === "Enter" && first !== undefined) player.pick(first);
  });

  return {
    apply: () => show(find()),
    // A node may come to have the state that is looked for.
    bin() {
      const found = find();
      if (JSON.stringify(found) !== shown) show(found);
    },
  };
}
