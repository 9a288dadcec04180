// Courses drawn on the server: one cursor of one bin for all tracks, its readings, and the way to that moment.
const score = document.querySelector(".overlay");
const data = JSON.parse(document.getElementById("overlay-data").textContent);
const range = document.getElementById("at");
const words = document.getElementById("at-words");
const bands = score.querySelectorAll("[data-now]");
const readings = score.querySelectorAll("[data-reading]");
const links = score.querySelectorAll("[data-moment]");

const say = (value) => (value === null ? "–" : value.toLocaleString("en-GB", { maximumFractionDigits: 1 }));

function show(step) {
  range.value = step;
  range.setAttribute("aria-valuetext", data.begins[step]);
  words.textContent = data.begins[step];
  for (const band of bands) band.setAttribute("x", step);
  data.tracks.flat().forEach((values, i) => (readings[i].textContent = say(values[step])));
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

for (const choice of document.querySelectorAll("[data-submit]")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
  choice.form.querySelector("[data-needless]").hidden = true;
}
