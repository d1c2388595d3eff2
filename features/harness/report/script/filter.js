// What is shown: a search text, verdicts, a role and a level. One state, and those who want to know of it.

const filter = {
  text: "",
  verdicts: new Set(VERDICTS),
  role: "",
  level: "",
  listeners: [],
  set(change) {
    Object.assign(this, change);
    this.listeners.forEach((listener) => listener());
  },
  toggle(verdict) {
    const verdicts = new Set(this.verdicts);
    if (!verdicts.delete(verdict)) verdicts.add(verdict);
    this.set({ verdicts });
  },
  only(verdict) {
    this.set({ verdicts: new Set([verdict]) });
  },
  clear() {
    this.set({ text: "", verdicts: new Set(VERDICTS), role: "", level: "" });
  },
};

function showsRequirement(one) {
  return filter.verdicts.has(one.verdict)
    && (!filter.role || one.role === filter.role)
    && (!filter.level || one.level === filter.level)
    && matches(`${one.id} ${one.sentence} ${one.source} ${one.excuse}`);
}

function showsCheck(check, requirements) {
  const proven = check.requirements.map((id) => requirements.get(id)).filter(Boolean);
  return filter.verdicts.has(check.verdict)
    && (!filter.role || check.role === filter.role)
    && (!filter.level || proven.some((one) => one.level === filter.level))
    && matches(`${check.name} ${check.feature} ${check.id} ${check.requirements.join(" ")} ${check.reason}`);
}

function matches(text) {
  const sought = filter.text.trim().toLowerCase();
  return !sought || sought.split(/\s+/).every((word) => text.toLowerCase().includes(word));
}

// ``counted`` gives the counts of the view that is shown.
function chips(verdicts, counted) {
  return verdicts.map((verdict) => {
    const words = make("span");
    const chip = make("button", { type: "button", class: "chip", title: `${verdict}: on or off; double click: this alone`,
      onclick: () => filter.toggle(verdict), ondblclick: () => filter.only(verdict) },
      mark(verdict, false, { "aria-hidden": "true" }), words);
    filter.listeners.push(() => {
      chip.setAttribute("aria-pressed", String(filter.verdicts.has(verdict)));
      const count = counted()[verdict] ?? 0;
      chip.hidden = !count;
      words.textContent = `${count} ${verdict}`;
    });
    return chip;
  });
}

function choice(label, name, values) {
  const select = make("select", { "aria-label": label, onchange: () => filter.set({ [name]: select.value }) },
    make("option", { value: "", text: label }), ...values.map((value) => make("option", { value, text: value })));
  filter.listeners.push(() => { select.value = filter[name]; });
  return select;
}

function searchBox() {
  const box = make("input", { type: "search", id: "search", placeholder: "Search name, requirement, reason", "aria-label": "Search",
    oninput: () => filter.set({ text: box.value }) });
  filter.listeners.push(() => { if (box.value !== filter.text) box.value = filter.text; });
  return box;
}
