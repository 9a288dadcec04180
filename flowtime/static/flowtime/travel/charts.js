// Step charts under the one cursor of the score: the selected node in ink, the others in pencil, gaps as gaps.
import { say } from "./words.js";

const DEEPEST = 60;

export function createCharts(player, uPlot) {
  let ink = colours();
  let charts = [];

  function build() {
    ink = colours();
    for (const { place, chart } of charts) {
      watcher.unobserve(place);
      chart.destroy();
      place.querySelector(".marks").remove();
    }
    const places = [...document.querySelectorAll("#score [data-chart]")];
    charts = places.map((place) => ({ place, ...chartOf(place, player, uPlot, () => ink) }));
    for (const place of places) watcher.observe(place);
  }

  const watcher = new ResizeObserver(() => {
    for (const { place, chart, label } of charts) {
      if (!place.clientWidth) continue;
      chart.setSize({ width: place.clientWidth, height: place.clientHeight });
      label();
    }
  });
  build();
  document.addEventListener("flowtime:theme", build);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  matchMedia("print").addEventListener("change", build);

  return {
    node: () => charts.forEach(({ fill }) => fill()),
    metric: build,
    arrived: () => charts.forEach(({ fill }) => fill()),
    range: () =>
      charts.forEach(({ chart, label }) => {
        chart.setScale("x", { min: player.view.from, max: player.view.to + 1 });
        label();
      }),
  };
}

function colours() {
  // A custom property holds light-dark() as written; only a used colour is resolved.
  const probe = document.createElement("i");
  document.getElementById("score").append(probe);
  const read = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["ink", "ink-2", "wash", "pencil", "red", "grid", "line", "line-2"];
  const found = Object.fromEntries(names.map((name) => [name, read(`--${name}`)]));
  probe.style.color = "color-mix(in srgb, var(--red) 72%, transparent)";
  found.bad = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

// Steps of a course: a value holds until the next, and the last until the end of the run.
function steps(values) {
  const found = Array.from(values ?? [], (value) => (Number.isFinite(value) ? value : null));
  found.push(found.at(-1) ?? null);
  return found;
}

function chartOf(place, player, uPlot, ink) {
  const { config, store, view } = player;
  const name = place.dataset.chart;
  const isTotal = name === "leading" || name === "all-errors";
  const [, style, beside] = config.tracks.find(([track]) => track === name) ?? ["", name === "leading" ? "ink" : "bars", ""];
  const marks = document.createElement("div");
  marks.className = "marks";
  let own = 0;

  const stepped = { paths: uPlot.paths.stepped({ align: 1 }), points: { show: false }, spanGaps: false };
  const looks = {
    ink: { ...stepped, stroke: () => ink().ink, width: 1.5, fill: () => ink().wash },
    bars: { ...stepped, stroke: () => ink().bad, width: 0, fill: () => ink().bad },
    dotted: { ...stepped, stroke: () => ink()["ink-2"], width: 1, dash: [2, 2] },
  };
  // Two or three amounts are named, and the highest of them is the top of the chart.
  const most = () => Math.max(isTotal ? 0 : (config.peaks[name] ?? 0), own) || 1;
  const each = () => {
    const decade = 10 ** Math.floor(Math.log10(most()));
    return [0.5, 1, 2, 5].map((n) => n * decade).find((n) => most() / n <= 3) ?? 10 * decade;
  };
  const top = () => (isTotal ? most() : Math.ceil(most() / each() - 1e-9) * each());

  const options = {
    width: Math.max(place.clientWidth, 1),
    height: Math.max(place.clientHeight, 1),
    padding: [name === "leading" ? 16 : 4, 0, name === "leading" ? 5 : 1, 0],
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: false, range: () => [view.from, view.to + 1] },
      y: { range: () => [0, top() * 1.04] },
    },
    cursor: isTotal
      ? { show: false }
      : { x: false, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 4 }, bind: { dblclick: () => () => player.zoom(0, config.bins - 1) } },
    series: [{}, looks[style], ...(beside ? [looks.dotted] : [])],
    hooks: {
      drawClear: [(u) => behind(u)],
      draw: [(u) => front(u)],
      setSelect: [(u) => chosen(u)],
    },
  };
  const chart = new uPlot(options, data(), place);
  place.append(marks);
  if (!isTotal) {
    chart.over.addEventListener("click", (event) => {
      const bin = Math.floor(chart.posToVal(event.offsetX, "x"));
      player.go(bin);
      player.settle();
    });
  }
  label();

  function data() {
    const node = view.node;
    const lines = isTotal
      ? [steps(store.course(name, ""))]
      : [name, beside].filter(Boolean).map((column) => steps(player.courseOf(column) ?? store.course(column, node)));
    own = Math.max(0, ...lines[0].filter((value) => value !== null));
    if (beside) own = Math.max(own, ...lines[1].filter((value) => value !== null));
    const count = lines[0].length - 1;
    const stretch = count > 0 && count < config.bins ? config.stretch : 1;
    const longest = Math.max(...lines.map((line) => line.length));
    const x = Array.from({ length: longest }, (_, i) => Math.min(i * stretch, config.bins));
    return [x, ...lines.map((line) => (line.length === longest ? line : Array(longest).fill(null)))];
  }

  function fill() {
    chart.setData(data());
    label();
  }

  // Days stand vertical, two or three amounts horizontal, the other nodes in pencil; all lie behind the ink.
  function behind(u) {
    const { ctx } = u;
    const { left, top: high, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, 0, width, ctx.canvas.height);
    ctx.clip();
    ctx.lineWidth = devicePixelRatio;
    if (!isTotal) {
      ctx.strokeStyle = ink().grid;
      for (const amount of amounts()) line(ctx, left, u.valToPos(amount, "y", true), left + width, null);
    }
    ctx.strokeStyle = ink().line;
    if (name !== "all-errors") {
      for (const [bin] of player.clock.moments(view.from, view.to + 1)) line(ctx, u.valToPos(bin, "x", true), 0, null, high + height);
    }
    ctx.strokeStyle = ink()["line-2"];
    if (name === "leading") ticks(u, ctx);
    line(ctx, left, high + height - devicePixelRatio / 2, left + width, null);
    if (!isTotal && style !== "bars") {
      ctx.strokeStyle = ink().pencil;
      const others = config.nodes.filter((node) => node.id !== view.node && node.isDrawn && node.has.includes(name));
      for (const node of others.slice(0, DEEPEST)) pencil(u, ctx, store.course(name, node.id));
    }
    ctx.restore();
  }

  function ticks(u, ctx) {
    const { top: high, height } = u.bbox;
    const room = u.bbox.width / (view.to + 1 - view.from) / devicePixelRatio;
    const every = [1, 2, 3, 6, 12, 24, 48, 168, 336, 720].find((n) => n * room >= 5);
    if (!every) return;
    for (let bin = Math.ceil(view.from / every) * every; bin <= view.to; bin += every) {
      line(ctx, u.valToPos(bin, "x", true), high + height, null, high + height + 4 * devicePixelRatio);
    }
  }

  function pencil(u, ctx, course) {
    if (!course) return;
    const { stretch } = config;
    const [first, last] = [Math.floor(view.from / stretch), Math.ceil((view.to + 1) / stretch)];
    ctx.beginPath();
    let isOpen = false;
    for (let step = first; step < Math.min(last, course.length); step += 1) {
      const value = course[step];
      if (!Number.isFinite(value)) {
        isOpen = false;
        continue;
      }
      const y = u.valToPos(value, "y", true);
      ctx[isOpen ? "lineTo" : "moveTo"](u.valToPos(step * stretch, "x", true), y);
      ctx.lineTo(u.valToPos(Math.min((step + 1) * stretch, config.bins), "x", true), y);
      isOpen = true;
    }
    ctx.stroke();
  }

  function front(u) {
    const limit = promise();
    if (limit === null) return;
    const { ctx } = u;
    ctx.save();
    ctx.strokeStyle = ink().red;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
    line(ctx, u.bbox.left, u.valToPos(limit, "y", true), u.bbox.left + u.bbox.width, null);
    ctx.restore();
  }

  function promise() {
    const { promised } = player.selected;
    return name === "latencyMinutes" && promised !== null && promised <= top() * 1.04 ? promised : null;
  }

  function amounts() {
    return Array.from({ length: Math.round(top() / each()) }, (_, i) => (i + 1) * each());
  }

  // What is written on a chart: amounts on their line, the promise by its name, at most one remark; on the ruler the days.
  function label() {
    const words = [];
    const y = (value) => chart.valToPos(value, "y") + chart.bbox.top / devicePixelRatio;
    if (!isTotal && place.clientHeight > 40) {
      for (const amount of amounts()) words.push(mark("y", say(amount, 2), { top: `${y(amount)}px` }));
    }
    const limit = promise();
    if (limit !== null) words.push(mark("promise", `promised ${say(limit)}`, { top: `${y(limit)}px` }));
    const remark = player.remarks?.[name];
    if (remark && remark[0] >= view.from && remark[0] <= view.to) {
      const at = ((remark[0] + 0.5 - view.from) / (view.to + 1 - view.from)) * 100;
      words.push(mark(at > 55 ? "remark left" : "remark", remark[1], { left: `${at}%` }));
    }
    if (name === "leading") {
      const moments = [...player.clock.moments(view.from, view.to + 1)];
      const room = place.clientWidth / Math.max(moments.length, 1);
      const fits = moments.every(([, long]) => long.length * 6 + 10 < room);
      for (const [bin, long, brief] of moments) {
        const share = (bin - view.from) / (view.to + 1 - view.from);
        if (share < 0.97) words.push(mark("dayname", fits ? long : brief, { left: `${share * 100}%` }));
      }
    }
    marks.replaceChildren(...words);
  }

  function chosen(u) {
    if (u.select.width < 4) return;
    const from = Math.floor(u.posToVal(u.select.left, "x"));
    const to = Math.ceil(u.posToVal(u.select.left + u.select.width, "x")) - 1;
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    player.zoom(from, to);
  }

  return { chart, fill, label };
}

function mark(kind, text, style) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  Object.assign(element.style, style);
  return element;
}

// From a point to another; a coordinate that is null stays what it was.
function line(ctx, x1, y1, x2, y2) {
  const still = (value) => Math.round(value) + (devicePixelRatio % 2) / 2;
  ctx.beginPath();
  ctx.moveTo(x2 === null ? still(x1) : x1, y2 === null ? still(y1) : y1);
  ctx.lineTo(x2 === null ? still(x1) : x2, y2 === null ? still(y1) : y2);
  ctx.stroke();
}
