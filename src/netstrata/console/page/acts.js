// What can be done to a floor, and the question before it is done.

import { button, h } from "./dom.js";
import { LAYERS } from "./words.js";

export function actsOf(app, place, tabindex = "-1") {
  return [
    button("restart", "Restart this floor and all above it (r)", (event) => ask(app, place(), false, event), {
      tabindex,
      "data-act": "restart",
    }),
    button("above", "Restart all above this floor (a)", (event) => ask(app, place(), true, event), {
      tabindex,
      "data-act": "above",
    }),
  ];
}

export function ask(app, { path, statement }, above, event, layer = 0) {
  event?.stopPropagation();
  const process = app.history.state.get(path);
  const floor = process?.floors[statement - 1];
  if (!floor) return;
  const first = statement + (above ? 1 : 0);
  const standing = process.floors.filter((one) => one.statement >= first && one.state !== "gone");
  const what = layer
    ? `all above layer ${layer}, ${LAYERS[layer]}`
    : above
      ? `all above ${floor.name}`
      : `${floor.name} and all above it`;
  const count = standing.length === 1 ? "one floor is" : `these ${standing.length} floors are`;
  const list = standing
    .slice()
    .reverse()
    .map((one) => h("li", {}, `${one.statement} ${one.name}`, one.label && h("em", {}, ` ${one.label}`)));
  const dialog = h(
    "dialog",
    { cls: "ask", "aria-labelledby": "ask-title" },
    h("h2", { id: "ask-title" }, `Restart ${what}?`),
    standing.length
      ? h("p", {}, `In process ${path}, ${count} undone from the top, and brought up again:`)
      : h("p", {}, "Nothing stands there now; what comes next is tried at once."),
    h("ol", { cls: "undone" }, list.slice(0, 12), list.length > 12 && h("li", {}, `and ${list.length - 12} more`)),
    h("p", { cls: "muted" }, "What other processes have from these floors goes, too, and comes back with them."),
    h(
      "div",
      { cls: "row" },
      h("button", { type: "button", onclick: () => dialog.close() }, "Leave it"),
      h(
        "button",
        {
          type: "button",
          cls: "primary",
          autofocus: true,
          "data-act": "yes",
          onclick: () => {
            dialog.close();
            restart(app, path, statement, above);
          },
        },
        "Restart",
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function restart(app, process, statement, above) {
  app.look(null);
  app.act(
    "restart",
    { process, statement, above },
    `Restarting ${above ? "what stands on " : ""}${process}.${statement}`,
  );
}
