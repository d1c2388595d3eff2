// Requirement by check: a row for each requirement, a letter for each check that says something of it.

function matrix(index) {
  const rows = [];
  const body = make("tbody");
  let group = "";
  for (const one of index.requirements) {
    if (one.source !== group) {
      group = one.source;
      const head = make("tr", { class: "group" }, make("th", { colspan: 5, scope: "rowgroup", text: group }));
      body.append(head);
      rows.push({ element: head, group: true });
    }
    const element = requirementRow(one, index.checks);
    body.append(element);
    rows.push({ element, one });
  }
  const head = make("tr", {}, ...["", "Requirement", "Level", "What it says", "Checks"].map((text) => make("th", { scope: "col", text })));
  const table = make("table", { class: "matrix", onkeydown: moveInMatrix }, make("thead", {}, head), body);
  return { element: make("div", {}, table), apply: () => showRows(rows) };
}

function requirementRow(one, checks) {
  const cells = one.checks.map(([place, verdict, known], position) => mark(verdict, known, {
    href: `#c${place}`, tabindex: position ? -1 : 0, title: `${verdict}: ${checks[place].name}`,
    "aria-label": `${verdict}: ${checks[place].name}` }, "a"));
  const said = make("td", {}, make("span", { text: one.sentence }));
  if (one.readings.length) said.append(make("div", { class: "source", text: `Readings: ${one.readings.join(" / ")}` }));
  if (one.excuse) said.append(make("div", { class: "excuse", text: one.excuse }));
  return make("tr", { id: `r-${one.id}` }, make("td", {}, mark(one.verdict, one.known)),
    make("td", { class: "id", text: one.id }),
    make("td", {}, make("span", { class: `level-${one.level}`, text: one.level }), make("div", { class: "source role", text: one.role })),
    said, make("td", {}, make("div", { class: "cells" }, ...cells)));
}

function showRows(rows) {
  let shown = 0;
  let head = null;
  for (const row of rows) {
    if (row.group) {
      head = row.element;
      head.hidden = true;
      continue;
    }
    const visible = showsRequirement(row.one);
    row.element.hidden = !visible;
    if (visible) {
      shown += 1;
      head.hidden = false;
    }
  }
  return shown;
}

// Left and right move in a row, up and down to the next row that has cells.
function moveInMatrix(event) {
  const cell = event.target.closest("a.mark");
  if (!cell || !event.key.startsWith("Arrow")) return;
  const across = { ArrowLeft: cell.previousElementSibling, ArrowRight: cell.nextElementSibling }[event.key];
  const down = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
  let target = across;
  for (let row = cell.closest("tr"); down && row && !target;) {
    row = row[down];
    target = row && !row.hidden ? row.querySelector("a.mark") : null;
  }
  if (!target) return;
  event.preventDefault();
  target.focus();
}
