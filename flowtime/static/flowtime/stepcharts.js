// A step chart a node: zero-based, gaps stay gaps, one cursor for all, and the cursor is one bin wide.
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MINUTE = 60_000;
const DAY_MINUTES = 1440;
const STEPS = [5, 15, 30, 60, 120, 180, 360, 720, DAY_MINUTES];
const STRIP = 18;
const drawn = [];

const token = (name) => {
  // A custom property holds light-dark() as written; only a used colour is resolved.
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};

function whenOf(data, bin) {
  if (data.start === null) return `bin ${bin}`;
  const at = new Date(data.start + bin * data.binMinutes * MINUTE);
  const clock = at.toISOString().slice(11, 16);
  return `${DAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}, ${clock}, bin ${bin}`;
}

function nice(top) {
  const decade = 10 ** Math.floor(Math.log10(top || 1));
  return [1, 2, 5, 10].map((n) => n * decade).find((step) => top / step <= 3) ?? top;
}

// Moments stand vertical, two or three amounts horizontal.
function rule(data) {
  return (u) => {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = token("--grid");
    for (const y of amounts(u)) {
      const at = Math.round(u.valToPos(y, "y", true)) + 0.5;
      line(ctx, left, at, left + width, at);
    }
    ctx.strokeStyle = token("--line");
    for (const [bin] of moments(data)) {
      const at = Math.round(u.valToPos(bin / data.stretch, "x", true)) + 0.5;
      line(ctx, at, 0, at, top + height);
    }
    ctx.strokeStyle = token("--line-2");
    line(ctx, left, top + height - 0.5, left + width, top + height - 0.5);
    ctx.restore();
  };
}

// Both are named where they stand: moments in the strip above the plot, amounts on their line, readable on any fill.
function name(data) {
  return (u) => {
    const { ctx } = u;
    const { left, top } = u.bbox;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.fillStyle = token("--ink-3");
    ctx.strokeStyle = token("--panel");
    ctx.lineWidth = 3 * ratio;
    const write = (text, x, y) => {
      ctx.strokeText(text, x, y);
      ctx.fillText(text, x, y);
    };
    for (const y of amounts(u)) {
      const at = u.valToPos(y, "y", true) - 3 * ratio;
      // An amount at the very top would stand among the moments.
      if (at > top + 8 * ratio) write(y.toLocaleString("en-GB"), left + 2 * ratio, at);
    }
    const room = u.bbox.width / Math.max([...moments(data)].length, 1);
    for (const [bin, words, short] of moments(data)) {
      const fits = ctx.measureText(words).width + 8 * ratio < room;
      write(fits ? words : short, u.valToPos(bin / data.stretch, "x", true) + 4 * ratio, top - 5 * ratio);
    }
    ctx.restore();
  };
}

function* amounts(u) {
  const top = u.scales.y.max;
  for (let y = nice(top); y < top; y += nice(top)) yield y;
}

function line(ctx, x1, y1, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

// [bin, words, short words] of at most ten moments: days, hours of a short window, or bins where there is no clock.
function* moments(data) {
  if (data.start === null) {
    const every = nice(data.bins / 3);
    for (let bin = every; bin < data.bins; bin += every) yield [bin, `bin ${bin}`, String(bin)];
    return;
  }
  const total = data.bins * data.binMinutes;
  const step =
    total > 2 * DAY_MINUTES
      ? Math.ceil(total / 10 / DAY_MINUTES) * DAY_MINUTES
      : STEPS.find((minutes) => total / minutes <= 10);
  const first = Math.ceil(data.start / (step * MINUTE)) * step * MINUTE;
  for (let at = first; ; at += step * MINUTE) {
    const bin = (at - data.start) / MINUTE / data.binMinutes;
    if (bin >= data.bins) return;
    yield [bin, ...momentWords(new Date(at), step)];
  }
}

function momentWords(at, step) {
  if (step < DAY_MINUTES) {
    const clock = at.toISOString().slice(11, 16);
    return [clock, clock];
  }
  const short = `${DAYS[at.getUTCDay()]} ${at.getUTCDate()}`;
  return [`${short} ${MONTHS[at.getUTCMonth()]}`, short];
}

// A bin is an interval, so the cursor is a band.
function band(data, lines, readings) {
  let box;
  return {
    hooks: {
      init: (u) => {
        box = document.createElement("div");
        box.className = "band";
        box.hidden = true;
        u.over.append(box);
      },
      setCursor: (u) => {
        const step = u.cursor.idx;
        const steps = lines[0].values.length;
        box.hidden = step == null || step >= steps;
        if (box.hidden) {
          readings.textContent = "";
          return;
        }
        const from = u.valToPos(step, "x");
        box.style.left = `${from}px`;
        box.style.width = `${Math.max(u.valToPos(step + 1, "x") - from, 2)}px`;
        const said = lines.map(({ label, values }) => {
          const value = values[step];
          const shown = value == null ? "–" : value.toLocaleString("en-GB", { maximumFractionDigits: 1 });
          return `${label} ${shown}`;
        });
        readings.textContent = `${whenOf(data, step * data.stretch)}: ${said.join(", ")}`;
      },
    },
  };
}

function looks(uPlot, style) {
  const path = { paths: uPlot.paths.stepped({ align: 1 }), points: { show: false }, spanGaps: false };
  if (style === "ink") return { ...path, stroke: token("--ink"), width: 1.5, fill: token("--wash") };
  if (style === "dotted") return { ...path, stroke: token("--ink-2"), width: 1, dash: [2, 2] };
  if (style === "red") return { ...path, stroke: token("--red"), width: 1, fill: `color-mix(in srgb, ${token("--red")} 55%, transparent)` };
  return { ...path, stroke: token("--line-2"), width: 1.25 };
}

function draw(uPlot, place, data) {
  const lines = data.nodes[place.dataset.node];
  const steps = lines[0].values.length;
  const readings = place.parentElement.querySelector("[data-readings]");
  // Served is drawn first: its wash lies under every other line.
  const order = [...lines].sort((a, b) => (a.style === "ink" ? -1 : b.style === "ink" ? 1 : 0));
  const columns = order.map(({ values }) => [...values, values.at(-1)]);
  const options = {
    width: place.clientWidth,
    height: place.clientHeight,
    padding: [STRIP, 0, 0, 0],
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: false, range: [0, steps] },
      y: { range: (_, __, top) => [0, (top || 1) * 1.04] },
    },
    cursor: { sync: { key: "flowtime" }, x: false, y: false, points: { show: false }, drag: { x: false, y: false } },
    series: [{}, ...order.map(({ style }) => looks(uPlot, style))],
    hooks: { drawClear: [rule(data)], draw: [name(data)] },
    plugins: [band(data, lines, readings)],
  };
  place.replaceChildren();
  const chart = new uPlot(options, [Array.from({ length: steps + 1 }, (_, i) => i), ...columns], place);
  const watcher = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: place.clientHeight }));
  watcher.observe(place);
  drawn.push({ chart, watcher, place });
}

async function start() {
  while (drawn.length) {
    const { chart, watcher } = drawn.pop();
    watcher.disconnect();
    chart.destroy();
  }
  const travel = document.getElementById("travel");
  const source = document.getElementById("chart-data");
  if (!travel || !source) return;
  const data = JSON.parse(source.textContent);
  const { default: uPlot } = await import(travel.dataset.uplot);
  for (const place of travel.querySelectorAll(".stepchart")) draw(uPlot, place, data);
}

start();
document.addEventListener("flowtime:theme", start);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", start);
