// Array parameters: one cell a value made from the plain textarea, which stays what is sent.
import { split, summary, tidy } from "./lists.js";

function bars(values, height) {
  const numbers = values.map((value) => Math.max(Number(value) || 0, 0));
  const top = Math.max(...numbers, 1);
  return numbers
    .map((v, i) => `M${i + 0.08} ${height}V${height - (v / top) * (height - 4)}H${i + 0.92}V${height}Z`)
    .join("");
}

function edit(field) {
  const text = field.querySelector("textarea");
  if ("ready" in field.dataset) return;
  field.dataset.ready = "";
  const svg = field.querySelector("svg");
  const told = field.querySelector("[data-told]");
  field.querySelector("[data-lists]").hidden = false;
  const label = field.dataset.label;
  const grid = document.createElement("div");
  grid.className = "array";
  let cells = [];

  function draw() {
    const values = cells.length ? cells.map((cell) => cell.value.trim()) : split(text.value);
    svg.setAttribute("viewBox", `0 0 ${Math.max(values.length, 1)} 64`);
    svg.querySelector("path").setAttribute("d", bars(values, 64));
    told.textContent = summary(values);
  }

  // The cells are written into the text, which tells whoever listens.
  function send() {
    text.value = cells.map((cell) => cell.value.trim()).join(", ");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function fill(from, list) {
    for (const [offset, value] of list.entries()) {
      if (cells[from + offset]) cells[from + offset].value = value;
    }
    send();
  }

  function step(cell, by) {
    cell.value = String(tidy((Number(cell.value) || 0) + by));
    send();
  }

  // The text was changed by something else: a reset, or what had been typed before.
  function follow() {
    const values = split(text.value);
    if (cells.length && !cells.includes(document.activeElement)) {
      if (values.length !== cells.length) build(values);
      for (const [at, value] of values.entries()) cells[at].value = value;
    }
    draw();
  }

  function build(values) {
    cells = values.map((value, index) => {
      const holder = document.createElement("label");
      const cell = document.createElement("input");
      holder.textContent = String(index);
      cell.inputMode = "decimal";
      cell.value = value;
      cell.setAttribute("aria-label", `${label}, ${index}`);
      cell.addEventListener("input", (event) => {
        event.stopPropagation();
        send();
      });
      cell.addEventListener("paste", (event) => {
        const list = split(event.clipboardData.getData("text"));
        if (list.length > 1) {
          event.preventDefault();
          fill(index, list);
        }
      });
      cell.addEventListener("keydown", (event) => {
        const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (by) {
          event.preventDefault();
          step(cell, by * (event.shiftKey ? 10 : 1));
        }
      });
      holder.append(cell);
      return cell;
    });
    grid.replaceChildren(...cells.map((cell) => cell.parentElement));
    text.hidden = true;
    text.after(grid);
  }

  const values = split(text.value);
  if (values.length && field.hasAttribute("data-cells")) build(values);
  text.addEventListener("input", follow);
  draw();
}

function slide(range) {
  const input = document.getElementById(range.dataset.for);
  if (!input || "ready" in range.dataset) return;
  range.dataset.ready = "";
  range.hidden = false;
  range.addEventListener("input", () => {
    input.value = range.value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("input", () => {
    if (input.value.trim() && !Number.isNaN(Number(input.value))) range.value = input.value;
  });
}

function prepare(place) {
  place.querySelectorAll("[data-array]").forEach(edit);
  place.querySelectorAll("input[type=range][data-for]").forEach(slide);
}

prepare(document);
document.body.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
