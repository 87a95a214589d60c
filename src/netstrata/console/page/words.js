// Times, sizes and states as people read them.

const pad = (number, width = 2) => String(number).padStart(width, "0");

export function clock(seconds, withMs = true) {
  const date = new Date(seconds * 1000);
  const text = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return withMs ? `${text}.${pad(date.getMilliseconds(), 3)}` : text;
}

/** @type {[number, string][]} */
const TIMES = [
  [86400, "d"],
  [3600, "h"],
  [60, "m"],
];
/** @type {[number, string][]} */
const SIZES = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

export function ago(seconds) {
  for (const [size, unit] of TIMES)
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  return `${Math.max(0, Math.floor(seconds))}s`;
}

export function span(seconds) {
  if (seconds < 0.0005) return "";
  if (seconds < 1) return `+${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  return seconds < 60 ? `+${seconds.toFixed(1)} s` : `+${ago(seconds)}`;
}

export function bytes(number, unit = "B") {
  for (const [size, prefix] of SIZES) {
    if (number >= size) return `${(number / size).toFixed(number / size < 10 ? 1 : 0)} ${prefix}${unit}`;
  }
  return `${Math.round(number)} ${unit}`;
}

export const STATES = ["gone", "down", "up", "dying"];
export const LAYERS = ["other", "link", "association", "addresses and routes", "above"];
export const LAYER_SHORT = ["", "link", "assoc", "addr", "above"];

export function valuesText(values) {
  if (!values) return "";
  return Object.entries(values)
    .map(([name, value]) => (name === "" || name === "value" ? value : `${name} ${value}`))
    .join("  ");
}

export function placeOf(event) {
  return event.statement ? `${event.process}.${event.statement}` : event.process || "";
}

export function tellEvent(event) {
  switch (event.kind) {
    case "transition":
      return `${event.from} → ${event.to} ${valuesText(event.values)}`;
    case "values":
      return valuesText(event.values);
    case "process":
      return event.what ?? "";
    default:
      return event.text ?? "";
  }
}
