// Finding a template by word or tag: cards that do not have every word are put away.
const place = document.querySelector("[data-finder]");
const holder = place?.querySelector("[data-finder-search]");

if (holder) {
  const search = holder.querySelector("input");
  const count = place.querySelector("[data-finder-count]");
  const items = [...place.querySelectorAll("[data-words]")];
  holder.hidden = false;
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const has = item.dataset.words.toLowerCase();
      const fits = words.every((word) => has.includes(word));
      item.closest("li").hidden = !fits;
      shown += fits;
    }
    count.textContent =
      shown === items.length ? `${shown} templates` : `${shown} of ${items.length} templates`;
  });
}
