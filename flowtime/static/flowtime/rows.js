// The rows of a list: j and k walk over them, x ticks one, and two ticked runs can be compared.
// Rows that are followed while they run are replaced; ticks and the focus outlive that.
const form = document.querySelector("[data-picks]");
const button = form?.querySelector("button");
const told = form?.querySelector("[data-picks-told]");
const picked = new Set();

const boxes = () => [...document.querySelectorAll('[data-rows] input[name="pick"]')];
const links = () => [...document.querySelectorAll('[data-rows] a[id^="open-"]')];
const rowOf = (element) => element?.closest("[data-rows] tbody tr");

function tell() {
  const count = picked.size;
  const isTwo = count === 2;
  if (isTwo) button.removeAttribute("aria-disabled");
  else button.setAttribute("aria-disabled", "true");
  if (isTwo) told.textContent = "Two runs are ticked.";
  else if (count === 1) told.textContent = "Tick one more run to compare.";
  else if (count) told.textContent = `${count} runs are ticked; compare two.`;
  else told.textContent = "Tick two runs to compare them.";
}

function restore() {
  const shown = new Set();
  for (const box of boxes()) {
    box.checked = picked.has(box.value);
    shown.add(box.value);
  }
  // What is no longer shown cannot be sent, so it is not ticked.
  for (const id of picked) if (!shown.has(id)) picked.delete(id);
  tell();
}

function note(box) {
  if (box.checked) picked.add(box.value);
  else picked.delete(box.value);
  tell();
}

function walk(by) {
  const all = links();
  const at = all.findIndex((link) => rowOf(link) === rowOf(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
  all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
}

const keys = {
  j: () => walk(1),
  k: () => walk(-1),
  x: () => rowOf(document.activeElement)?.querySelector('input[name="pick"]')?.click(),
};

document.addEventListener("flowtime:key", (event) => {
  if (!keys[event.detail]) return;
  event.preventDefault();
  keys[event.detail]();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.name !== "pick") return;
  event.preventDefault();
  rowOf(event.target)?.querySelector('a[id^="open-"]')?.click();
});

if (form) {
  document.addEventListener("change", (event) => {
    if (event.target.name === "pick") note(event.target);
  });
  form.addEventListener("submit", (event) => {
    if (picked.size !== 2) event.preventDefault();
  });
  // A browser that comes back remembers what was ticked.
  for (const box of boxes()) if (box.checked) picked.add(box.value);
  tell();
  document.body.addEventListener("htmx:afterSettle", restore);
  document.body.addEventListener("htmx:oobAfterSwap", restore);
}

// A row that says the same as before stays, with what is selected in it.
document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { fragment, target } = event.detail;
  if (fragment.children?.length === 1 && fragment.firstElementChild.outerHTML === target.outerHTML) {
    event.detail.shouldSwap = false;
  }
});
