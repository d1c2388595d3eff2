// The page: two views under one filter, addresses such as #c12 and #r-ROUTE-3, keys, and the theme.

const index = embedded("index");
const requirements = new Map(index.requirements.map((one) => [one.id, one]));
const views = { requirements: matrix(index), scenarios: scenarios(index, requirements) };
const titles = { requirements: "Requirements", scenarios: "Scenarios" };
const count = make("span", { class: "count", role: "status" });
const tabs = {};
let current = "requirements";

function show(name) {
  current = name;
  for (const [other, view] of Object.entries(views)) {
    view.element.hidden = other !== name;
    tabs[other].setAttribute("aria-selected", String(other === name));
    tabs[other].tabIndex = other === name ? 0 : -1;
  }
  filter.set({});
}

function apply() {
  const shown = views[current].apply();
  const all = current === "scenarios" ? index.checks.length : index.requirements.length;
  count.textContent = shown === all ? `${all} ${current}` : `${shown} of ${all} ${current}`;
}

function follow() {
  const name = decodeURIComponent(location.hash.slice(1));
  const target = byId(name);
  if (!target || !/^(c\d+|r-.+)$/.test(name)) return;
  const isCheck = name.startsWith("c");
  show(isCheck ? "scenarios" : "requirements");
  if (target.hidden) filter.clear();
  if (isCheck) target.open = true;
  document.querySelectorAll(".found").forEach((element) => element.classList.remove("found"));
  target.classList.add("found");
  const focused = isCheck ? target.querySelector("summary") : target.querySelector("a.mark");
  focused?.focus({ preventScroll: true });
  target.scrollIntoView({ block: isCheck ? "start" : "center" });
  if (isCheck && getComputedStyle(tools).position === "sticky") scrollBy(0, -tools.offsetHeight - 8);
}

// The next scenario, from the one that is open or in focus, that is no pass.
function step(by) {
  const wanted = index.checks.map((check, place) => [check, place]).filter(([check]) => check.verdict !== "pass").map(([, place]) => place);
  if (!wanted.length) return;
  const now = Number(/^#c(\d+)$/.exec(location.hash)?.[1] ?? (by > 0 ? -1 : Infinity));
  const ahead = by > 0 ? wanted.find((place) => place > now) : wanted.findLast((place) => place < now);
  location.hash = `#c${ahead ?? wanted.at(by > 0 ? 0 : -1)}`;
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    filter.clear();
    if (typing) event.target.blur();
    return;
  }
  if (typing) return;
  const act = { "/": () => byId("search").focus(), n: () => step(1), p: () => step(-1),
    1: () => show("requirements"), 2: () => show("scenarios") }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function tab(name, position, names) {
  tabs[name] = make("button", { type: "button", class: "tab", role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`,
    text: titles[name], onclick: () => show(name), onkeydown: (event) => {
      if (!/^Arrow(Left|Right)$/.test(event.key)) return;
      const other = names[(position + 1) % names.length];
      show(other);
      tabs[other].focus();
    } });
  Object.entries({ id: `view-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}` })
    .forEach(([key, value]) => views[name].element.setAttribute(key, value));
  return tabs[name];
}

function theme() {
  const button = byId("theme");
  const order = ["system", "light", "dark"];
  let chosen = 0;
  button.hidden = false;
  button.textContent = "Theme: system";
  button.addEventListener("click", () => {
    chosen = (chosen + 1) % order.length;
    document.documentElement.dataset.theme = order[chosen];
    button.textContent = `Theme: ${order[chosen]}`;
  });
}

const tools = make("div", { class: "tools", id: "tools" },
  make("div", { class: "tabs", role: "tablist" }, ...Object.keys(views).map(tab)), searchBox(),
  ...chips(VERDICTS.filter((verdict) => Object.values(index.counts).some((counts) => counts[verdict])), () => index.counts[current]),
  choice("Any role", "role", ["cms", "smib", "system"]), choice("Any level", "level", ["must", "should", "may"]), count);
byId("views").append(tools, views.requirements.element, views.scenarios.element);
byId("views").hidden = false;
document.querySelector(".keys").hidden = false;
filter.listeners.push(apply);
document.addEventListener("keydown", keys);
addEventListener("hashchange", follow);
theme();
show("requirements");
filter.clear();
follow();
