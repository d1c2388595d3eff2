// A timeline as a sequence diagram: time, a lane for each actor with arrows between them, and what was said.

const FIRST = 200;

function sequence(moments, lost) {
  const actors = lanesOf(moments);
  const box = make("div", { class: "sequence", "--lanes": actors.length, role: "group", "aria-label": "Timeline", tabindex: 0 });
  box.append(make("div", { class: "row actors" }, make("span", { class: "at", text: "seconds" }),
    make("span", { class: "lanes" }, ...actors.map((actor) => make("span", { text: actor, title: actor }))),
    make("span", { class: "what", text: "what; open a line for all of it" })));
  if (lost) box.append(make("p", { class: "more", text: `${lost} earlier entries were not kept.` }));
  const place = new Map(actors.map((actor, at) => [actor, at]));
  const rest = moments.slice(0, -FIRST);
  if (rest.length) {
    const more = make("button", { type: "button", class: "copy more", text: `Show ${rest.length} earlier entries`,
      onclick: () => more.replaceWith(...rest.map((moment) => momentRow(moment, place))) });
    box.append(more);
  }
  box.append(...moments.slice(-FIRST).map((moment) => momentRow(moment, place)));
  return box;
}

// From left to right: the harness, who asks, the CMS, the broker, the SMIBs.
function lanesOf(moments) {
  const rank = new Map();
  const put = (actor, weight) => { if (actor) rank.set(actor, Math.min(weight, rank.get(actor) ?? 9)); };
  for (const [, kind, source, target] of moments) {
    if (kind === "step") continue;
    const [from, to] = { request: [1, 2], answer: [2, 1], frame: [2, 1], packet: [4, 4] }[kind] ?? [5, 5];
    put(source, source === "harness" ? 0 : source === "broker" ? 3 : source === "cms" ? 2 : from);
    put(target, target === "harness" ? 0 : target === "broker" ? 3 : target === "cms" ? 2 : to);
  }
  return [...rank.keys()].sort((one, other) => rank.get(one) - rank.get(other));
}

function momentRow(moment, place) {
  const [at, kind, source, target, what, facts] = moment;
  const bad = facts.met === false || facts.problem || facts.error || facts.leaks || facts.status >= 500;
  const time = make("span", { class: "at", text: at.toFixed(3) });
  const said = make("span", { class: "what", text: what, title: what.length > 60 ? what : undefined });
  const lanes = kind === "step" ? null : make("span", { class: "lanes" }, stroke(kind, place.get(source), place.get(target), facts));
  const element = make("details", { class: `moment k-${kind}${bad ? " k-bad" : ""}` },
    make("summary", { class: "row" }, time, lanes, said));
  element.addEventListener("toggle", () => {
    if (element.open && element.children.length < 2) element.append(make("pre", { class: "facts", text: readable(moment) }));
  });
  return element;
}

function stroke(kind, from, to, facts) {
  if (to === undefined || from === to) return make("span", { class: "dot", "--from": from });
  const label = { request: facts.method, answer: facts.status, packet: facts.type, frame: "frame" }[kind] ?? kind;
  return make("span", { class: `arrow ${from < to ? "right" : "left"}`, "--from": Math.min(from, to), "--span": Math.abs(from - to) },
    make("span", { text: label ?? "" }));
}

function readable([at, kind, source, target, what, facts]) {
  const between = target ? `${source} → ${target}` : source;
  return `${at.toFixed(6)} s  ${kind}  ${between}\n${what}\n\n${JSON.stringify(facts, null, 2)}`;
}
