// The keys of the player. Single characters come from keys.js, which keeps them from fields and from who turned them off.
const FIELDS = "input:not([type=range]), textarea, select, [contenteditable], dialog[open]";
const PRESSABLE = "button, a, summary, [role=button]";
const SCROLLING = ".graph, .nodes, .table-scroll";

export function listen(player, transport) {
  const travel = document.getElementById("travel");
  const anywhere = {
    " ": () => transport.toggle(),
    ArrowLeft: (event) => player.step(event.shiftKey ? -6 : -1),
    ArrowRight: (event) => player.step(event.shiftKey ? 6 : 1),
    Home: () => player.step(-Infinity),
    End: () => player.step(Infinity),
  };
  // Where the page would scroll, it scrolls, unless the focus is within the player.
  const within = {
    ArrowUp: () => player.pickNext(-1),
    ArrowDown: () => player.pickNext(1),
    Enter: () => player.openNode(),
  };
  const single = {
    n: () => transport.jump(1),
    p: () => transport.jump(-1),
    m: () => player.nextMetric(),
    "<": () => transport.faster(-1),
    ",": () => transport.faster(-1),
    ">": () => transport.faster(1),
    ".": () => transport.faster(1),
    "+": () => player.zoomBy(0.5),
    "-": () => player.zoomBy(2),
    0: () => player.zoom(0, player.config.bins - 1),
  };

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || target.closest(FIELDS)) return;
    if ((key === " " || key === "Enter") && target.closest(PRESSABLE)) return;
    if (key.startsWith("Arrow") && target.matches(SCROLLING)) return;
    const action = anywhere[key] ?? (travel.contains(target) ? within[key] : undefined);
    if (!action) return;
    event.preventDefault();
    action(event);
  });
  document.addEventListener("flowtime:key", (event) => {
    const action = single[event.detail.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
