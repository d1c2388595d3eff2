// The part of a scenario: what it proves, its steps, what was expected and seen, its timeline, how to see it again.

function scenarios(index, requirements) {
  const box = make("div", { class: "scenarios" });
  const entries = [];
  const features = new Map();
  index.checks.forEach((check, place) => {
    if (!features.has(check.feature)) {
      const head = make("h2", { class: "feature", text: check.feature || "Without a feature" });
      features.set(check.feature, { head, part: make("section", {}, head), entries: [] });
      box.append(features.get(check.feature).part);
    }
    const feature = features.get(check.feature);
    const element = scenario(check, place, requirements);
    feature.part.append(element);
    feature.entries.push({ check, element });
    entries.push({ check, element });
  });
  const apply = () => {
    for (const { check, element } of entries) element.hidden = !showsCheck(check, requirements);
    for (const { part, entries: own } of features.values()) part.hidden = own.every(({ element }) => element.hidden);
    return entries.filter(({ element }) => !element.hidden).length;
  };
  return { element: box, entries, apply };
}

function scenario(check, place, requirements) {
  const summary = make("summary", {}, mark(check.verdict, check.known), make("span", { class: "name", text: check.name }),
    make("span", { class: "ids mono", text: check.requirements.join(" ") }), make("span", { class: "took", text: seconds(check.seconds) }));
  const element = make("details", { class: "check", id: `c${place}` }, summary);
  element.addEventListener("toggle", () => {
    if (element.open && element.children.length < 2) element.append(part(check, embedded(`check-${place}`), requirements));
  });
  return element;
}

function part(check, detail, requirements) {
  const body = make("div", { class: "body" });
  const add = (title, content) => body.append(make("h3", { text: title }), content);
  if (check.reason) body.append(make("div", { class: `reason mono v-${check.verdict}`, text: detail.reason }));
  add("Proves", make("ul", { class: "proves" }, ...detail.outcomes.map(([id, verdict, known]) => make("li", {},
    mark(verdict, Boolean(known)), " ", make("a", { href: `#r-${id}`, class: "mono", text: id }), " ",
    requirements.get(id)?.sentence ?? "stands in no catalogue", known ? make("em", { text: ` – known: ${known}` }) : null))));
  if (detail.steps.length) add("Steps", make("ol", { class: "steps" }, ...detail.steps.map(stepItem)));
  if (detail.breaches.length) add("What the monitors found", make("ul", { class: "proves" }, ...detail.breaches.map(breachItem)));
  if (detail.timeline.length) add("Timeline", sequence(detail.timeline, detail.lost));
  if (detail.reproduce.length) add("See it again", make("ul", { class: "lines" }, ...detail.reproduce.map(lineItem)));
  body.append(make("p", { class: "mono", text: check.id }));
  return body;
}

function stepItem(step) {
  const item = make("li", { class: `o-${step.outcome.replace(" ", "-")}` }, make("span", { class: "text", text: step.text }),
    make("span", { class: "took", text: step.outcome === "not reached" ? "not reached" : seconds(step.seconds) }));
  if (step.expected || step.seen) {
    const panes = [["Expected", step.expected], ["Seen", step.seen]].filter(([, text]) => text)
      .map(([title, text]) => make("div", {}, make("h4", { text: title }), make("pre", { text })));
    if (step.difference.length) panes.push(make("div", {}, make("h4", { text: "Difference" }), difference(step.difference)));
    item.append(make("div", { class: "compared" }, ...panes));
  }
  return item;
}

function difference(lines) {
  const names = { "-": "d-minus", "+": "d-plus" };
  return make("pre", {}, ...lines.map(([sign, text]) => make("span", { class: names[sign], text: `${sign} ${text}\n` })));
}

function breachItem(breach) {
  const shown = breach.moments.map(([at, , source, target, what]) => `${at.toFixed(3)}  ${source}${target ? ` → ${target}` : ""}  ${what}`);
  return make("li", {}, make("a", { href: `#r-${breach.requirement}`, class: "mono", text: breach.requirement }),
    ` ${breach.subject}: ${breach.sentence}`, make("pre", { class: "facts", text: shown.join("\n") }));
}

function lineItem(line) {
  const button = make("button", { type: "button", class: "copy", text: "Copy", onclick: async () => {
    try {
      await navigator.clipboard.writeText(line);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
    }
  } });
  const code = make("code", { text: line });
  return make("li", {}, code, button);
}
