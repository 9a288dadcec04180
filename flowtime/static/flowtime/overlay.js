// Two runs over one another: one cursor of one bin for all tracks, its readings, and the way into each run's time.
const score = document.querySelector(".overlay");
const data = JSON.parse(document.getElementById("overlay-data").textContent);
const range = document.getElementById("at");
const words = document.getElementById("at-words");
const bands = score.querySelectorAll("[data-now]");
const readings = [...score.querySelectorAll("[data-a]")].map((a, i) => [a, score.querySelectorAll("[data-b]")[i]]);
const links = ["to-a", "to-b"].map((id) => document.getElementById(id));

const say = (value) => (value === null ? "–" : value.toLocaleString("en-GB", { maximumFractionDigits: 1 }));

function show(step) {
  range.value = step;
  range.setAttribute("aria-valuetext", data.begins[step]);
  words.textContent = data.begins[step];
  for (const band of bands) band.setAttribute("x", step);
  data.tracks.forEach((courses, track) => {
    courses.forEach((values, run) => (readings[track][run].textContent = say(values[step])));
  });
  for (const link of links) {
    const target = new URL(link.href);
    target.searchParams.set("bin", step * data.stretch);
    link.href = target;
  }
}

range.hidden = false;
range.addEventListener("input", () => show(Number(range.value)));
for (const plot of score.querySelectorAll("[data-plot]")) {
  plot.addEventListener("pointermove", (event) => {
    const { left, width } = plot.getBoundingClientRect();
    const step = Math.floor(((event.clientX - left) / width) * data.begins.length);
    show(Math.min(Math.max(step, 0), data.begins.length - 1));
  });
}

const choice = document.querySelector("[data-submit]");
choice.addEventListener("change", () => choice.form.requestSubmit());
choice.form.querySelector("[data-needless]").hidden = true;
