// The topology: laid out once by dagre, left to right; afterwards only figures, widths and marks change.
import { say, short, UNDEFINED } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
const LARGE = { width: 236, height: 104 };
const SMALL = { width: 176, height: 78 };
const APART = { width: 236, height: 78 };
const TRAY = 208;
const WIDEST = 14;
const LEAST_SCALE = 0.62;
const MOST_SCALE = 1.15;
const MOST_TICKS = 60;
const ASIDE = 22;

function make(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function write(element, text) {
  if (element.firstChild?.data !== text) element.textContent = text;
}

export function createGraph(player, dagre) {
  const { config, store } = player;
  const place = document.getElementById("graph");
  const legend = document.getElementById("legend");
  const shapes = Object.fromEntries(
    [...legend.querySelectorAll(".mark")].map((mark) => [mark.classList[1], mark.innerHTML]),
  );
  const { boxes, ways, width, height } = layOut(config, dagre);
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Topology in the selected bin" });
  svg.style.maxWidth = `${Math.round(width * MOST_SCALE)}px`;
  svg.style.minWidth = `${Math.round(width * LEAST_SCALE)}px`;
  const wires = make("g");
  const edges = ways.map((way) => edgeOf(way));
  wires.append(...edges.map(({ group }) => group));
  svg.append(wires);
  const cards = config.nodes.map((node) => cardOf(node, boxes.get(node.id), player));
  svg.append(...cards.map(({ group }) => group));
  place.replaceChildren(svg);

  svg.addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (card) player.pick(card.dataset.node);
  });
  svg.addEventListener("keydown", (event) => {
    const card = event.target.closest(".card");
    if (!card || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    event.stopPropagation();
    if (card.getAttribute("aria-pressed") === "true" && event.key === "Enter") player.openNode();
    else player.pick(card.dataset.node);
  });

  function bin() {
    for (const card of cards) drawCard(card, player, shapes);
    for (const { group, path, text, way } of edges) {
      const value = store.at("flow", way.id, player.view.bin);
      const flows = value > 0;
      path.setAttribute("stroke-width", flows ? Math.max(1.25, (value / config.largestFlow) * WIDEST).toFixed(2) : 1);
      group.classList.toggle("zero", !flows);
      write(text, value === undefined ? "" : short(value));
    }
  }

  function node() {
    const { node: selected } = player.view;
    for (const { group, node: { id } } of cards) group.setAttribute("aria-pressed", id === selected);
    for (const { group, way } of edges) {
      const isOn = way.from === selected || way.to === selected;
      group.classList.toggle("on", isOn);
      if (isOn) wires.append(group);
    }
    const box = boxes.get(selected);
    if (!box || !svg.clientWidth) return;
    const scale = svg.clientWidth / width;
    const [left, right] = [(box.x - box.width / 2) * scale, (box.x + box.width / 2) * scale];
    if (left < place.scrollLeft) place.scrollLeft = left - 16;
    else if (right > place.scrollLeft + place.clientWidth) place.scrollLeft = right + 16 - place.clientWidth;
  }

  return { bin, node, metric: bin, shapes };
}

function edgeOf(way) {
  const path = make("path", { d: way.path });
  const text = make("text", { x: way.at[0].toFixed(1), y: (way.at[1] + 4).toFixed(1) });
  const [x, y] = way.end;
  const tip = make("path", { class: "tip", d: `M${x - 10} ${y - 7}l10 7-10 7z` });
  const isDashed = way.type !== "throughput";
  const named = { class: isDashed ? "edge terminal" : "edge", "data-from": way.from, "data-to": way.to };
  return { way, path, text, group: make("g", named, path, tip, text) };
}

// As much of a text as fits, measured in the face it is drawn in.
const pen = document.createElement("canvas").getContext("2d");

function fit(text, font, room) {
  pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  const width = (words) => pen.measureText(words).width;
  if (width(text) <= room) return text;
  let kept = text.length - 1;
  while (kept > 1 && width(`${text.slice(0, kept)}…`) > room) kept -= 1;
  return `${text.slice(0, kept).trimEnd()}…`;
}

function cardOf(node, box, player) {
  const { width, height } = box;
  const isLarge = box.isLarge;
  const room = width - 53;
  const beside = room - node.kind.length * 6.4 - 8;
  const hasKind = fit(node.label, "600 14px", beside) === node.label;
  const name = fit(node.label, "600 14px", hasKind ? beside : room);
  const big = make("tspan", { class: "big" });
  const unit = make("tspan", { class: "unit", dx: 6 });
  const mark = make("svg", { viewBox: "0 0 16 16", x: 14, y: 11, width: 16, height: 16, "aria-hidden": "true" });
  const group = make(
    "g",
    {
      class: "card",
      "data-node": node.id,
      role: "button",
      tabindex: 0,
      "aria-pressed": "false",
      transform: `translate(${box.x - width / 2} ${box.y - height / 2})`,
    },
    make("rect", { class: "halo", x: -3.5, y: -3.5, width: width + 7, height: height + 7, rx: 8 }),
    make("rect", { class: "box", x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 5 }),
    make("path", { class: "rail", d: `M5 .5H5A4.5 4.5 0 0 0 .5 5V${height - 5}A4.5 4.5 0 0 0 5 ${height - 0.5}Z` }),
    mark,
    make("text", { class: "name", x: 37, y: 24 }, name),
  );
  if (name !== node.label) group.prepend(make("title", {}, node.label));
  const second = secondary(node, isLarge);
  group.append(make("text", { x: 14, y: isLarge ? 60 : second.length ? 66 : 62 }, big, unit));
  if (hasKind) group.append(make("text", { class: "kind", x: width - 12, y: 23, "text-anchor": "end" }, node.kind));
  const lines = second.map(([words, y]) => {
    const text = make("text", { class: "small", x: width - 12, y, "text-anchor": "end" });
    group.append(text);
    return { words, text };
  });
  let waiting = null;
  if (isLarge) {
    const scale = TRAY / (player.config.peaks.queueDepth || 1);
    const peak = Math.min(node.peak * scale, TRAY);
    waiting = make("path", { class: "waiting", d: "M14 84.5h0" });
    if (player.config.peaks.queueDepth <= MOST_TICKS) {
      waiting.setAttribute("stroke-dasharray", `${(scale * 0.62).toFixed(3)} ${(scale * 0.38).toFixed(3)}`);
    }
    group.append(make("path", { class: "tray", d: `M14 91.5h${TRAY}` }), waiting);
    if (peak > 0) group.append(make("path", { class: "peak", d: `M${(14 + peak).toFixed(1)} 76v18` }));
    waiting.scale = scale;
  }
  return { node, group, mark, big, unit, lines, waiting, width };
}

// What stands at the right of a card: wait, served, errors; on a small one what decides its state, and errors.
function secondary(node, isLarge) {
  const told = {
    latencyMinutes: (v) => (Number.isNaN(v) ? "wait undefined" : `wait ${say(v, 0)} min`),
    served: (v) => `served ${short(v)}`,
    utilization: (v) => `load ${Number.isNaN(v) ? UNDEFINED : `${Math.round(v * 100)} %`}`,
    errors: (v) => `errors ${short(v)}`,
  };
  const names = isLarge ? ["latencyMinutes", "served", "errors"] : ["utilization", "errors"];
  const found = names.filter((name) => node.has.includes(name));
  if (!isLarge) return found.length ? [[(at) => found.map((name) => told[name](at(name))).join(" · "), 41]] : [];
  return found.map((name, number) => [(at) => told[name](at(name)), 43 + number * 14]);
}

function drawCard(card, player, shapes) {
  const { node, group, mark, big, unit, lines, waiting } = card;
  const { store, view, config } = player;
  const read = (name) => store.at(name, node.id, view.bin);
  const state = store.state(node.id, view.bin);
  if (group.dataset.state !== state) {
    group.dataset.state = state;
    mark.setAttribute("class", `mark ${state}`);
    mark.innerHTML = shapes[state];
  }
  const column = player.column(node, view.metric);
  const value = read(column);
  const figure = value === undefined ? "…" : short(value);
  if (card.column !== column) {
    card.column = column;
    card.word = player.word(node, column);
    write(unit, fit(card.word, "400 12px", card.width - (waiting ? 160 : 100)));
  }
  write(big, figure);
  for (const { words, text } of lines) write(text, value === undefined ? "" : words(read));
  if (waiting) {
    const depth = Math.min(Math.max(read("queueDepth") || 0, 0) * waiting.scale, TRAY);
    waiting.setAttribute("d", `M14 84.5h${depth.toFixed(2)}`);
  }
  group.setAttribute("aria-label", `${node.label}, ${node.kind}, ${config.stateWords[state]}, ${figure} ${card.word}`);
}

function layOut(config, dagre) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 18, edgesep: 14, ranksep: 136, marginx: 8, marginy: 10 });
  graph.setDefaultEdgeLabel(() => ({}));
  const boxes = new Map();
  for (const node of config.nodes) {
    const isLarge = node.has.includes("queueDepth") && !node.isApart;
    const size = node.isApart ? APART : isLarge ? LARGE : SMALL;
    boxes.set(node.id, { ...size, isLarge });
    if (!node.isApart) graph.setNode(node.id, boxes.get(node.id));
  }
  for (const edge of config.edges) {
    graph.setEdge(edge.from, edge.to, { weight: edge.type === "throughput" ? 4 : 1 }, edge.id);
  }
  dagre.layout(graph);
  const { width: drawn = 0, height: tall = 0 } = graph.graph();
  if (isUpsideDown(config, boxes)) {
    for (const id of graph.nodes()) boxes.get(id).y = tall - boxes.get(id).y;
    for (const edge of graph.edges()) for (const point of graph.edge(edge).points ?? []) point.y = tall - point.y;
  }
  let width = Math.max(Number.isFinite(drawn) ? drawn : 0, SMALL.width + 16);
  let height = Number.isFinite(tall) ? tall : 0;
  if (config.edges.some((edge) => isBack(edge, boxes))) {
    // A way back leaves at the right and comes in at the left, beyond the outermost cards.
    for (const id of graph.nodes()) boxes.get(id).x += ASIDE;
    for (const edge of graph.edges()) for (const point of graph.edge(edge).points ?? []) point.x += ASIDE;
    width += 2 * ASIDE;
  }
  const ways = waysOf(config, graph, boxes, height);
  if (ways.lowest > height) height = ways.lowest + 8;
  // Roll-ups are no part of the flow: they stand in a row below it.
  const apart = config.nodes.filter((node) => node.isApart);
  apart.forEach((node, number) => {
    const each = Math.max(Math.floor((width - 16) / (APART.width + 18)), 1);
    const box = boxes.get(node.id);
    box.x = 8 + APART.width / 2 + (number % each) * (APART.width + 18);
    box.y = height + APART.height / 2 + Math.floor(number / each) * (APART.height + 18);
  });
  if (apart.length) height = Math.max(...apart.map(({ id }) => boxes.get(id).y)) + APART.height / 2 + 10;
  return { boxes, ways, width: Math.ceil(width), height: Math.ceil(height) };
}

// Either way up has as few crossings: the one that keeps the author's order reads better.
function isUpsideDown(config, boxes) {
  let kept = 0;
  for (const [number, node] of config.nodes.entries()) {
    for (const other of config.nodes.slice(number + 1)) {
      const [a, b] = [boxes.get(node.id), boxes.get(other.id)];
      if (!node.isApart && !other.isApart && Math.abs(a.x - b.x) < 1) kept += Math.sign(b.y - a.y);
    }
  }
  return kept < 0;
}

const isBack = (edge, boxes) => boxes.get(edge.to).x <= boxes.get(edge.from).x;

function waysOf(config, graph, boxes, depth) {
  const ports = new Map();
  for (const side of ["from", "to"]) {
    const other = side === "from" ? "to" : "from";
    for (const [id, box] of boxes) {
      const met = config.edges.filter((edge) => edge[side] === id && !isBack(edge, boxes));
      met.sort((a, b) => boxes.get(a[other]).y - boxes.get(b[other]).y);
      const step = Math.min(side === "from" ? 32 : 20, (box.height - 24) / Math.max(met.length, 1));
      met.forEach((edge, number) => {
        ports.set(`${side} ${edge.id}`, box.y + (number - (met.length - 1) / 2) * step);
      });
    }
  }
  let lane = depth;
  const ways = config.edges.map((edge) => {
    const [source, target] = [boxes.get(edge.from), boxes.get(edge.to)];
    if (isBack(edge, boxes)) {
      lane += 18;
      return wayBack(edge, source, target, lane);
    }
    const from = [source.x + source.width / 2, ports.get(`from ${edge.id}`)];
    const to = [target.x - target.width / 2, ports.get(`to ${edge.id}`)];
    const { points = [] } = graph.edge(edge.from, edge.to, edge.id);
    // Between two layers dagre passes one point; every second point of a longer way lies beside a layer of cards.
    const passed = points.slice(1, -1).filter((_, number) => number % 2 === 1);
    return wayAhead(edge, from, to, passed);
  });
  ways.lowest = lane;
  return ways;
}

function wayAhead(edge, from, to, passed) {
  const half = SMALL.width / 2;
  let [x, y] = from;
  let path = `M${x.toFixed(1)} ${y.toFixed(1)}`;
  let at = null;
  const stops = [...passed.map((point) => [point.x - half, point.y, point.x + half]), [to[0] - 9, to[1], null]];
  for (const [left, height, right] of stops) {
    const reach = Math.max((left - x) * 0.45, 12);
    const controls = [x, x + reach, left - reach, left];
    path += `C${controls[1].toFixed(1)} ${y.toFixed(1)} ${controls[2].toFixed(1)} ${height.toFixed(1)} ${left.toFixed(1)} ${height.toFixed(1)}`;
    at ??= [bezier(controls, 0.28), bezier([y, y, height, height], 0.28)];
    [x, y] = [left, height];
    if (right !== null) path += `H${right.toFixed(1)}`;
    x = right ?? x;
  }
  return { ...edge, path, at, end: to };
}

function wayBack(edge, source, target, lane) {
  const x = source.x + source.width / 2;
  const y = source.y + source.height / 4;
  const left = target.x - target.width / 2;
  const height = target.y + target.height / 4;
  const path =
    `M${x} ${y}h10q10 0 10 10V${lane - 10}q0 10 -10 10` +
    `H${left - 10}q-10 0 -10 -10V${height + 10}q0 -10 10 -10H${left - 9}`;
  return { ...edge, path, at: [x - (x - left) / 4, lane], end: [left, height] };
}

function bezier([a, b, c, d], t) {
  const u = 1 - t;
  return u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
}
