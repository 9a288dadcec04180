// The node beside the player: the server writes it once a node, afterwards the values of the bin are filled in.
import { figure, write } from "./score.js";
import { say } from "./words.js";

export function createPanel(player, shapes) {
  const place = document.getElementById("inspector");
  const { view } = player;
  let shown = { node: view.node, metric: view.metric };
  let sparks = [];
  let values = [];
  let formulas = [];
  let warnings = [];
  prepare();

  function prepare() {
    sparks = [...place.querySelectorAll("[data-figure]")].map((row) => {
      const svg = row.querySelector(".spark");
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "path");
      dot.setAttribute("class", "dot");
      svg.append(dot);
      return { name: row.dataset.figure, dot, points: svg.viewBox.baseVal.width - 2 };
    });
    values = [...place.querySelectorAll("[data-value]")].map((element) => {
      const { value: name, decimals, back = 0, first = NaN } = element.dataset;
      return { element, name, decimals: Number(decimals), back: Number(back), first: Number(first) };
    });
    formulas = [...place.querySelectorAll("[data-formula]")].map((told) => ({
      name: told.dataset.formula,
      defined: told.querySelector("[data-defined]"),
      undefined: told.querySelector("[data-undefined]"),
      afterFirst: told.querySelector("[data-after-first]"),
    }));
    warnings = [...place.querySelectorAll("[data-bins]")].map((item) => ({ item, bins: JSON.parse(item.dataset.bins) }));
    player.remarks = JSON.parse(place.querySelector("[data-panel]").dataset.remarks);
  }

  function bin() {
    const at = view.bin;
    for (const { element, name, decimals, back, first } of values) {
      write(element, figure(at < back ? first : player.valueOf(name, at - back), decimals));
    }
    for (const told of formulas) {
      told.undefined.hidden = Number.isFinite(player.valueOf(told.name, at));
      told.defined.hidden = !told.undefined.hidden;
      if (told.afterFirst) told.afterFirst.hidden = at === 0;
    }
    chip(at);
    headline(at);
    for (const { name, dot, points } of sparks) spot(dot, name, points, at);
    let here = 0;
    for (const { item, bins } of warnings) {
      item.hidden = bins.length > 0 && !bins.some(([a, b]) => a <= at && at <= b);
      here += !item.hidden;
    }
    place.querySelector("[data-none]").hidden = here > 0;
  }

  function chip(at) {
    const element = document.getElementById("chip");
    const words = document.getElementById("chip-words");
    const state = player.store.state(view.node, at);
    if (element.dataset.state !== state) {
      element.dataset.state = state;
      const mark = element.querySelector(".mark");
      mark.setAttribute("class", `mark ${state}`);
      mark.innerHTML = shapes[state];
    }
    const { column, decimals, after } = words.dataset;
    const value = column ? player.valueOf(column, at) : NaN;
    write(words, Number.isFinite(value) ? say(value, Number(decimals)) + after : player.config.stateWords[state]);
  }

  function headline(at) {
    const big = document.getElementById("headline");
    if (!big) return;
    const end = document.getElementById("headline-at");
    if (end) write(end, player.clock.end(at));
    const change = document.getElementById("headline-change");
    const [now, before] = [at, at - 1].map((index) => player.valueOf(big.dataset.value, index));
    const by = now - before;
    let said = "";
    if (by === 0) said = "unchanged in this bin, ";
    else if (Number.isFinite(by)) said = `${by > 0 ? "up" : "down"} ${say(Math.abs(by))} in this bin, `;
    write(change, said + change.dataset.peak);
  }

  // The dot lies on the sparkline, which the server drew from zero in points of so many bins.
  function spot(dot, name, points, at) {
    const values = player.courseOf(name);
    const value = player.valueOf(name, at);
    if (!values || !Number.isFinite(value)) {
      dot.setAttribute("d", "");
      return;
    }
    const [low, high] = player.extent(name);
    const stretch = Math.ceil(values.length / points);
    const y = 16.5 - ((value - low) / (high - low || 1)) * 15;
    dot.setAttribute("d", `M${Math.floor(at / stretch)} ${y.toFixed(1)}h.01`);
  }

  async function draw() {
    const wanted = { node: view.node, metric: view.metric };
    if (wanted.node === shown.node && wanted.metric === shown.metric) return bin();
    shown = wanted;
    const parts = await player.part("panel", new URLSearchParams(wanted));
    if (shown !== wanted) return;
    const hadFocus = place.contains(document.activeElement);
    const wasOpen = document.getElementById("more-figures")?.open;
    place.replaceChildren(...parts);
    const more = document.getElementById("more-figures");
    if (more && wasOpen) more.open = true;
    if (hadFocus) document.getElementById("inspector-h").focus({ preventScroll: true });
    prepare();
    bin();
  }

  return { bin, node: draw, metric: draw };
}
