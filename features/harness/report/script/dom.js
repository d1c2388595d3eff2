// Elements, made from plain values. Text goes in as text: nothing here takes HTML.

function make(tag, facts = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

// Only JSON of this page is read; the parts of a scenario when it is opened.
function embedded(id) {
  return JSON.parse(byId(id).textContent);
}

function seconds(value) {
  return value >= 0.0995 ? `${value.toFixed(1)} s` : `${Math.round(value * 1000)} ms`;
}
