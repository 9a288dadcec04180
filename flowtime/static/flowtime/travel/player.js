// The player: what is shown, and everyone who shows it. Numbers come from the store, words and rules from the server.
import { createCharts } from "./charts.js";
import { createFinder } from "./finder.js";
import { createGraph } from "./graph.js";
import { listen } from "./keymap.js";
import { createNumbers } from "./numbers.js";
import { createPanel } from "./panel.js";
import { createScore } from "./score.js";
import { fetchPart, Refused, Store } from "./store.js";
import { createTransport } from "./transport.js";
import { BinClock, say } from "./words.js";

const LEAST_BINS = 6;
const SETTLED_MS = 250;

class Player {
  #widgets = [];
  #columns = new Map();
  #extents = new Map();
  #settling = 0;

  constructor(config) {
    this.config = config;
    this.view = { ...config.view };
    this.clock = new BinClock(config);
    this.store = new Store(config);
    this.nodes = new Map(config.nodes.map((node) => [node.id, node]));
    this.remarks = {};
  }

  get selected() {
    return this.nodes.get(this.view.node);
  }

  add(...widgets) {
    this.#widgets.push(...widgets);
  }

  tell(what) {
    for (const widget of this.#widgets) widget[what]?.();
  }

  // The column that stands for a metric at a node, and how it is said.
  column(node, metric) {
    return node.has.includes(metric) ? metric : node.instead;
  }

  word(node, column) {
    return node.words[column] ?? this.config.metrics[column]?.[1] ?? column;
  }

  decimals(column) {
    return this.config.metrics[column]?.[3] ?? 1;
  }

  // The selected node has all its columns; of the others only what every block has.
  courseOf(column) {
    return this.#columns.get(`${column} ${this.view.node}`);
  }

  valueOf(column, bin) {
    if (bin < 0) return NaN;
    const course = this.courseOf(column);
    return course ? course[bin] : this.store.at(column, this.view.node, bin) ?? NaN;
  }

  extent(column) {
    if (!this.#extents.has(column)) {
      let [low, high] = [0, 0];
      for (const value of this.courseOf(column) ?? []) {
        if (value < low) low = value;
        else if (value > high && value !== Infinity) high = value;
      }
      this.#extents.set(column, [low, high]);
    }
    return this.#extents.get(column);
  }

  go(bin) {
    const at = Math.min(Math.max(bin, 0), this.config.bins - 1);
    if (at === this.view.bin) return;
    this.view.bin = at;
    if (!this.store.has(at) || !this.config.base.includes(this.view.metric)) this.store.need(at, this.view.metric);
    this.tell("bin");
  }

  step(by) {
    this.pause();
    this.go(this.view.bin + by);
    this.settle();
  }

  pause() {
    this.transport.pause();
  }

  async pick(id) {
    if (id !== this.view.node) {
      this.view.node = id;
      await this.#load(id);
      document.getElementById("travel-failed")?.remove();
      if (this.view.node !== id) return;
      this.tell("node");
    }
    this.settle();
  }

  async #load(id) {
    const columns = await this.store.node(id);
    this.#columns = columns;
    this.#extents.clear();
  }

  pickNext(by) {
    const ids = [...this.nodes.keys()];
    const at = ids.indexOf(this.view.node) + by;
    if (ids[at]) this.pick(ids[at]);
  }

  openNode() {
    const heading = document.getElementById("inspector-h");
    heading?.focus();
    heading?.scrollIntoView({ block: "nearest" });
  }

  async show(metric) {
    this.view.metric = metric;
    await this.store.need(this.view.bin, metric);
    this.tell("metric");
    this.settle();
  }

  nextMetric() {
    const select = document.getElementById("metric");
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    this.show(select.value);
  }

  showRows(by) {
    this.view.rows = by;
    this.tell("rows");
    this.keep();
  }

  zoom(from, to) {
    const first = Math.max(Math.min(from, to), 0);
    const last = Math.min(Math.max(from, to), this.config.bins - 1);
    if (last - first + 1 < Math.min(LEAST_BINS, this.config.bins)) return;
    Object.assign(this.view, { from: first, to: last });
    this.tell("range");
    this.keep();
  }

  // By a factor around the cursor, which stays where it is on the screen if it can.
  zoomBy(factor) {
    const { bin, from, to } = this.view;
    const length = Math.max(Math.round((to + 1 - from) * factor), LEAST_BINS);
    const share = Math.min(Math.max((bin - from) / (to + 1 - from), 0), 1);
    const first = Math.min(Math.max(Math.round(bin - share * length), 0), Math.max(this.config.bins - length, 0));
    this.zoom(first, first + length - 1);
  }

  // After a step or a pause: the address holds what is shown, and it is said. Never while playing.
  settle() {
    clearTimeout(this.#settling);
    if (this.transport.isPlaying()) return;
    this.#settling = setTimeout(() => {
      this.keep();
      const column = this.column(this.selected, this.view.metric);
      const value = say(this.valueOf(column, this.view.bin), this.decimals(column));
      const state = this.config.stateWords[this.store.state(this.view.node, this.view.bin)];
      this.speak(
        `${this.clock.span(this.view.bin)}. ${this.selected.label}: ${value} ${this.word(this.selected, column)}, ${state}.`,
      );
    }, SETTLED_MS);
  }

  speak(words) {
    document.getElementById("travel-said").textContent = words;
  }

  keep() {
    const { bin, node, metric, rows, from, to } = this.view;
    const query = new URLSearchParams(location.search);
    for (const name of ["row", "from", "to", "rows"]) query.delete(name);
    query.set("bin", bin);
    query.set("node", node);
    query.set("metric", metric);
    if (rows !== "state") query.set("rows", rows);
    if (to + 1 - from < this.config.bins) {
      query.set("from", from);
      query.set("to", to);
    }
    history.replaceState(history.state, "", `?${query}${location.hash}`);
  }

  // What could not be fetched is said above the player, once; what is shown stays.
  fail(error) {
    const id = "travel-failed";
    if (document.getElementById(id)) return;
    const note = document.createElement("div");
    note.id = id;
    note.className = "note error";
    note.setAttribute("role", "alert");
    note.textContent =
      error instanceof Refused
        ? "The run's numbers cannot be read as they were. Open the page again."
        : "FlowTime did not answer. What is shown stays; try again when the connection is back.";
    document.getElementById("travel").prepend(note);
  }

  // A part of the page that the server writes, as elements.
  async part(name, query) {
    const answer = await fetchPart(this.config, name, query);
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    return [...template.content.children];
  }

  async start(travel) {
    const { view, store } = this;
    const [dagre, uPlot] = await Promise.all([
      import(travel.dataset.dagre),
      import(travel.dataset.uplot),
      store.open(view.bin),
      this.#load(view.node),
      store.need(view.bin, view.metric),
    ]);
    const graph = createGraph(this, dagre.default ?? dagre);
    this.transport = createTransport(this);
    this.finder = createFinder(this);
    this.add(graph, createTable(this, graph.shapes), this.transport, createPanel(this, graph.shapes), createScore(this));
    this.add(createCharts(this, uPlot.default), createNumbers(this), this.finder);
    store.arrived = () => this.tell("bin");
    chooseViews();
    this.tell("bin");
    this.tell("node");
    this.tell("range");
    listen(this, this.transport);
    const metric = document.getElementById("metric");
    metric.addEventListener("change", () => this.show(metric.value));
    travel.dataset.ready = "";
    await store.fill(view.bin);
  }
}

// The table that stands for the graph where there is no room for one.
function createTable(player, shapes) {
  const rows = [...document.querySelectorAll("#node-rows tr")].map((row) => ({
    row,
    node: player.nodes.get(row.dataset.node),
    mark: row.querySelector(".mark"),
    words: row.querySelector("[data-words]"),
    cells: [...row.querySelectorAll("[data-value]")],
  }));
  for (const { row, node } of rows) row.addEventListener("click", () => player.pick(node.id));
  return {
    bin() {
      for (const { node, mark, words, cells } of rows) {
        const state = player.store.state(node.id, player.view.bin);
        if (!mark.classList.contains(state)) {
          mark.setAttribute("class", `mark ${state}`);
          mark.innerHTML = shapes[state];
          words.textContent = player.config.stateWords[state];
        }
        for (const cell of cells) {
          const name = cell.dataset.value;
          const value = player.store.at(name, node.id, player.view.bin);
          const text = value === undefined && !player.store.has(player.view.bin) ? "…" : say(value, player.decimals(name));
          if (cell.firstChild?.data !== text) cell.textContent = text;
        }
      }
    },
    node: () => rows.forEach(({ row, node }) => row.classList.toggle("on", node.id === player.view.node)),
  };
}

function chooseViews() {
  const stage = document.getElementById("stage");
  const views = document.getElementById("views");
  views.hidden = false;
  stage.dataset.view = "auto";
  for (const button of views.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      stage.dataset.view = button.dataset.view;
      for (const other of views.children) other.setAttribute("aria-pressed", other === button);
    });
  }
}

const travel = document.getElementById("travel");
const source = document.getElementById("travel-config");
if (travel && source) {
  const player = new Player(JSON.parse(source.textContent));
  // Parts are asked for by many: whoever does not care for a refusal leaves it to the player.
  addEventListener("unhandledrejection", (event) => {
    if (!(event.reason instanceof Refused || event.reason instanceof TypeError)) return;
    event.preventDefault();
    player.fail(event.reason);
  });
  player.start(travel);
}
