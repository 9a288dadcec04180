// The tracks under one cursor: scrubbing, the values at the cursor, the rows of the heat map, and the range shown.
import { say } from "./words.js";

export function createScore(player) {
  const { config, store, view } = player;
  const score = document.getElementById("score");
  const scrub = document.getElementById("scrub");
  const rows = document.getElementById("rows");
  const find = (id) => document.getElementById(id);
  let shownRows = `${view.rows} ${view.metric} ${view.from} ${view.to}`;
  let rowValues = [];
  let trackValues = [];
  findPlaces();
  scrub.disabled = false;

  scrub.addEventListener("input", () => player.go(Number(scrub.value)));
  scrub.addEventListener("change", () => player.settle());

  // The range input is for keys and assistive technology; a pointer scrubs on every track.
  const binAt = (plot, event) => {
    const { left, width } = plot.getBoundingClientRect();
    const share = (event.clientX - left) / width;
    return view.from + Math.floor(share * (view.to + 1 - view.from));
  };
  const within = (bin) => Math.min(Math.max(bin, view.from), view.to);
  score.addEventListener("pointerdown", (event) => {
    const plot = event.target.closest("[data-scrub]");
    if (!plot || event.button !== 0) return;
    plot.setPointerCapture(event.pointerId);
    player.pause();
    player.go(within(binAt(plot, event)));
  });
  score.addEventListener("pointermove", (event) => {
    const plot = event.target.closest("[data-scrub]");
    if (plot?.hasPointerCapture(event.pointerId)) player.go(within(binAt(plot, event)));
  });
  score.addEventListener("pointerup", (event) => {
    if (!event.target.closest("[data-scrub]")) return;
    player.settle();
    if (event.target.closest(".ruler")) scrub.focus({ preventScroll: true });
  });

  score.addEventListener("click", (event) => {
    const button = event.target.closest(".what button[data-node]");
    if (!button) return;
    event.preventDefault();
    player.pick(button.dataset.node);
  });
  for (const button of document.querySelectorAll("[data-rows]")) {
    button.addEventListener("click", () => player.showRows(button.dataset.rows));
  }
  find("rows-show").hidden = find("range").hidden = false;
  find("zoom-in").addEventListener("click", () => player.zoomBy(0.5));
  find("zoom-out").addEventListener("click", () => player.zoomBy(2));
  find("zoom-all").addEventListener("click", () => player.zoom(0, config.bins - 1));

  function bin() {
    const at = view.bin;
    score.style.setProperty("--bin", at - view.from);
    score.toggleAttribute("data-out", at < view.from || at > view.to);
    scrub.value = at;
    scrub.setAttribute("aria-valuetext", `${player.clock.span(at)}, bin ${at}`);
    write(find("flag"), player.clock.flag(at));
    write(find("value-leading"), figure(store.at("leading", "", at), 1));
    write(find("value-all-errors"), figure(store.at("all-errors", "", at), 1));
    write(find("value-warnings"), String(warningsAt(at)));
    for (const { place, node } of rowValues) {
      const column = player.column(node, view.metric);
      write(place, figure(store.at(column, node.id, at), player.decimals(column)));
    }
    for (const place of trackValues) {
      const column = place.dataset.trackValue;
      write(place, figure(player.valueOf(column, at), player.decimals(column)));
    }
  }

  function findPlaces() {
    rowValues = [...rows.querySelectorAll("[data-row-value]")].map((place) => ({
      place,
      node: player.nodes.get(place.dataset.rowValue),
    }));
    trackValues = [...score.querySelectorAll("[data-track-value]")];
  }

  const warningsAt = (at) =>
    config.warnings.filter(([, , bins]) => !bins.length || bins.some(([a, b]) => a <= at && at <= b)).length;

  function node() {
    for (const button of score.querySelectorAll(".what button[data-node]")) {
      button.setAttribute("aria-pressed", button.dataset.node === view.node);
    }
    for (const track of score.querySelectorAll("[data-track]")) {
      const note = track.querySelector("[data-note]");
      const name = track.dataset.track;
      if (note && ["queueDepth", "errors"].includes(name)) note.textContent = player.word(player.selected, name);
    }
    find("numbers-of").textContent = player.selected.label;
    bin();
  }

  function metric() {
    const [label] = config.metrics[view.metric];
    find("rows-metric").textContent = label;
    extraTrack(label);
    drawRows();
    bin();
  }

  // A metric that has no chart gets one of its own, the last, for as long as it is chosen.
  function extraTrack(label) {
    const name = view.metric;
    if (score.querySelector(`[data-track="${name}"]`) || name === "arrivals") return;
    const tracks = [...score.querySelectorAll("[data-track]")];
    const old = tracks.find((track) => !config.tracks.some(([known]) => known === track.dataset.track));
    const track = old ?? tracks.at(-1).cloneNode(true);
    track.dataset.track = name;
    track.querySelector("b").textContent = label;
    track.querySelector("[data-note]")?.remove();
    const plot = track.querySelector("[data-chart]");
    if (!old) plot.replaceChildren();
    plot.dataset.chart = name;
    plot.classList.remove("low");
    plot.setAttribute("aria-label", `${label} of the nodes over the run; the numbers are in the table below`);
    track.querySelector("[data-track-value]").dataset.trackValue = name;
    if (!old) tracks.at(-1).after(track);
    findPlaces();
  }

  function range() {
    score.style.setProperty("--bins", view.to + 1 - view.from);
    const isWhole = view.to + 1 - view.from === config.bins;
    find("zoom-out").setAttribute("aria-disabled", isWhole);
    find("zoom-all").setAttribute("aria-disabled", isWhole);
    find("range-words").hidden = isWhole;
    find("range-words").textContent = `bins ${view.from} to ${view.to}`;
    drawRows();
    bin();
  }

  // The server draws the rows: its rules of heights, worst states and ramps are in one place.
  async function drawRows() {
    const wanted = `${view.rows} ${view.metric} ${view.from} ${view.to}`;
    for (const button of document.querySelectorAll("[data-rows]")) {
      button.setAttribute("aria-pressed", button.dataset.rows === view.rows);
    }
    find("rows-title").textContent = view.rows === "state" ? "State" : config.metrics[view.metric][0];
    const plot = rows.querySelector(".plot");
    const width = plot?.clientWidth ?? 0;
    const isTooFine = width > 0 && plot.querySelector("svg").viewBox.baseVal.width > width;
    if (wanted === shownRows && !isTooFine) return;
    shownRows = wanted;
    const { node: selected, metric: name, rows: by, from, to } = view;
    const query = new URLSearchParams({ node: selected, metric: name, rows: by, from, to, width });
    const [html, lane] = await player.part("rows", query);
    if (wanted !== shownRows) return;
    rows.replaceChildren(...html.children);
    findPlaces();
    player.finder.apply();
    score.querySelector(".lane").replaceChildren(...lane.children);
    node();
  }

  return { bin, node, metric, range, rows: drawRows };
}

export function figure(value, decimals) {
  return value === undefined ? "…" : say(value, decimals);
}

export function write(element, text) {
  if (element.firstChild?.data !== text) element.textContent = text;
}
