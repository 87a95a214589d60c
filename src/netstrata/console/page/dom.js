// Elements, and when they are drawn.  Text goes in as text only: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  pyramids: "M3 20h18v-4H3zM6 14h12v-3.5H6zM12 3l3.5 5.5h-7z",
  graph: "M5 3h5v5H5zM14 16h5v5h-5zM3 16h5v5H3zM7.5 8v3.5h9V16M7 11.5 5.5 16",
  timeline: "M4 5v14M4 7h8M4 12h14M4 17h5",
  links: "M3 17l5-7 4 4 5-9 4 6",
  files: "M6 3h8l4 4v14H6zM14 3v4h4",
  goals: "M12 4a8 8 0 1 0 .01 0M12 8.5a3.5 3.5 0 1 0 .01 0",
  source: "M8 7l-5 5 5 5M16 7l5 5-5 5",
  restart: "M19 12a7 7 0 1 1-2.2-5.1M19 3v5h-5",
  above: "M5 20h14M12 16V5M7.5 9.5 12 5l4.5 4.5",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  search: "M10.5 4a6.5 6.5 0 1 0 .01 0M15.5 15.5 20 20",
  help: "M9 9a3 3 0 1 1 4 2.8c-.7.3-1 .9-1 1.7M12 17.5v.01",
};

export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else element.setAttribute(name === "cls" ? "class" : name, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  return s("svg", { viewBox: "0 0 24 24", cls: "icon", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));
}

export function button(name, label, act, props = {}) {
  return h(
    "button",
    { type: "button", cls: "tool", title: label, "aria-label": label, onclick: act, ...props },
    icon(name),
  );
}

export function setText(element, text) {
  if (element.firstChild?.nodeType === 3 && element.childNodes.length === 1) {
    if (element.firstChild.data !== text) element.firstChild.data = text;
  } else element.textContent = text;
}

export function setClass(element, name) {
  if (element.getAttribute("class") !== name) element.setAttribute("class", name);
}

const due = new Set();

// Call a function before the next frame is drawn, once, however often it is asked for.
export function soon(act) {
  if (due.size === 0) requestAnimationFrame(drawAll);
  due.add(act);
}

function drawAll() {
  const now = [...due];
  due.clear();
  for (const act of now) act();
}

export function toast(text, bad = false) {
  const note = h("div", { cls: bad ? "toast bad" : "toast" }, text);
  const all = document.getElementById("toasts");
  all.append(note);
  while (all.childElementCount > 4) all.firstElementChild.remove();
  setTimeout(() => note.remove(), bad ? 9000 : 4000);
}
