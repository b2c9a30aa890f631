// Filters each list of results by its text field and its boxes. Without scripts everything is shown.
for (const panel of document.querySelectorAll("[data-results]")) {
  const bar = panel.querySelector(".filter");
  if (!bar) continue;
  const search = bar.querySelector("input[type=search]");
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const rows = [...panel.querySelectorAll(".result")];
  const none = panel.querySelector(".none");
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(wanted.has(row.dataset.verdict) && words.every((word) => text.includes(word)));
      shown += row.hidden ? 0 : 1;
    }
    none.hidden = shown > 0;
  };
  bar.hidden = false;
  search.addEventListener("input", apply);
  for (const box of boxes) box.addEventListener("change", apply);
}
