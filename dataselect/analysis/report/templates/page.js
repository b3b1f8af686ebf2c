// Samples are searched and sorted here; without scripts they are read as they stand.
// Rows by a column, numbers by their value; what has none comes last.
function sorted(rows, place, sign) {
  const key = row => row.cells[place].dataset.value ?? row.cells[place].textContent.trim();
  const compare = new Intl.Collator(undefined, {numeric: true}).compare;
  return rows.sort((one, other) => {
    const [first, second] = [key(one), key(other)];
    if (!first || !second) return !first - !second;
    const difference = first - second;
    return sign * (isNaN(difference) ? compare(first, second) : difference);
  });
}

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  for (const [place, heading] of headings.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const rises = heading.getAttribute("aria-sort") === "descending";
      headings.forEach(each => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", rises ? "ascending" : "descending");
      table.tBodies[0].append(...sorted([...table.tBodies[0].rows], place, rises ? 1 : -1));
    });
  }
}

for (const find of document.querySelectorAll(".find")) {
  const tables = [...find.closest("section").querySelectorAll(".samples table")];
  const rows = tables.flatMap(table => [...table.tBodies[0].rows]);
  const [field, told] = [find.querySelector("input"), find.querySelector("[role=status]")];
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
    }
    const left = rows.filter(row => !row.hidden).length;
    told.textContent = words.length ? `${left} of ${rows.length} samples` : "";
  });
  tables.forEach(sortable);
  find.hidden = false;
}
