// Finding a template by word or tag: cards that do not have every word are put away as one types.
const place = document.querySelector("[data-finder]");
const holder = place?.querySelector("[data-finder-search]");

if (holder) {
  const search = holder.querySelector("input[type=search]");
  const count = place.querySelector("[data-finder-count]");
  const items = [...place.querySelectorAll("[data-words]")];
  const find = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const has = item.dataset.words.toLowerCase();
      const fits = words.every((word) => has.includes(word));
      item.closest("li").hidden = !fits;
      shown += fits;
    }
    if (shown === items.length) count.textContent = `${shown} templates`;
    else if (shown) count.textContent = `${shown} of ${items.length} templates`;
    else count.textContent = "No template has all of these words.";
  };
  search.addEventListener("input", find);
  holder.addEventListener("submit", (event) => event.preventDefault());
}
