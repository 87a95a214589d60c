// A plan as it is shown, and how long the change may wait to be confirmed.

import { h } from "./dom.js";

const MOST = 300; // steps that are shown
/** @type {[number, string][]} */
const TIMES = [
  [30, "30 s"],
  [60, "60 s"],
  [120, "2 minutes"],
  [600, "10 minutes"],
  [0, "never: nobody has to keep it"],
];

export function stepsOf(steps) {
  return [
    ...steps.slice(0, MOST).map((step) => {
      const undone = step.what === "undone";
      return h(
        "li",
        { cls: step.what },
        h("b", {}, undone ? "− undo " : "+ begin "),
        `${step.process}.${step.statement} `,
        h("code", {}, step.text || step.name),
        step.perhaps && h("em", {}, " (perhaps)"),
        (step.operations || []).map((text) => h("div", { cls: "operation" }, text)),
      );
    }),
    ...(steps.length > MOST ? [h("li", {}, `and ${steps.length - MOST} more`)] : []),
  ];
}

export function summaryOf({ changed, steps }) {
  if (!changed) return "Nothing differs from what runs.";
  const undone = steps.filter((step) => step.what === "undone").length;
  const count = (number) => (number === 1 ? "one statement" : `${number} statements`);
  return `Undoes ${count(undone)}, begins ${count(steps.length - undone)}; nothing else is touched.`;
}

export function confirmChoice() {
  const choice = h(
    "select",
    { "data-act": "time" },
    TIMES.map(([seconds, text]) => h("option", { value: String(seconds), selected: seconds === 60 }, text)),
  );
  return h("label", { cls: "check" }, "Goes back unless it is kept within", choice);
}

// What a verb is given of a choice: nothing if nobody has to confirm.
export function confirmOf(label) {
  const seconds = Number(label.querySelector("select").value);
  return seconds ? { confirm: seconds } : {};
}
