// The page: which view is shown, the keys, and what is said about the daemon.

import { App } from "./app.js";
import { Detail } from "./detail.js";
import { h, icon, setText } from "./dom.js";
import { Editor } from "./editor.js";
import { Files } from "./files.js";
import { Goals } from "./goals.js";
import { Graph } from "./graph.js";
import { Links } from "./links.js";
import { One } from "./one.js";
import { Pyramids } from "./pyramids.js";
import { Scrubber } from "./scrubber.js";
import { Source } from "./source.js";
import { Timeline } from "./timeline.js";
import { Versions } from "./versions.js";

/** @type {[string, string, any, string?][]} */
const VIEWS = [
  ["pyramids", "Pyramids", Pyramids, "Status"],
  ["graph", "Graph", Graph, "Graph"],
  ["timeline", "Time line", Timeline, "Watch"],
  ["links", "Links", Links, "Links"],
  ["files", "Files", Files, "Files"],
  ["goals", "Goals", Goals, "Goals"],
  ["source", "Source", Source, "Source"],
];

// Those that others lead to: what they are, and which of VIEWS they belong to.
/** @type {Record<string, [any, string]>} */
const FURTHER = { process: [One, "process"], edit: [Editor, "source"], versions: [Versions, "source"] };

const app = new App();
const place = document.getElementById("main");
const nav = document.getElementById("nav");
const daemon = document.getElementById("daemon");
const banner = document.getElementById("banner");
document.getElementById("confirmation").replaceWith(app.confirmation.element);
const detail = new Detail(app, document.getElementById("detail"));
const scrubber = new Scrubber(app, document.getElementById("dock"));
const made = new Map();
let current = null;

for (const [index, [id, title, , verb]] of VIEWS.entries()) {
  nav.append(
    h(
      "a",
      { href: `#/${id}`, "data-view": id, "data-verb": verb, title: `${title} (${index + 1})` },
      icon(id),
      h("span", {}, title),
    ),
  );
}
nav.append(
  h("button", { type: "button", cls: "tool", title: "Keys (?)", "aria-label": "Keys", onclick: help }, icon("help")),
);

function route() {
  const [, id = "pyramids", rest = ""] = location.hash.match(/^#\/([a-z]+)(?:\/(.*))?$/) ?? [];
  const [View, shown] = FURTHER[id] ?? [(VIEWS.find((view) => view[0] === id) ?? VIEWS[0])[2], id];
  if (!made.has(id)) made.set(id, new View(app));
  const view = made.get(id);
  if (view !== current) {
    current?.hide?.();
    current = view;
    place.replaceChildren(view.element);
    for (const link of nav.querySelectorAll("a")) {
      if (link.dataset.view === shown) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }
  view.show?.(decodeURIComponent(rest));
  app.changed();
}

function update() {
  const { about } = app;
  for (const link of nav.querySelectorAll("a")) link.hidden = about.verbs.length > 0 && !app.knows(link.dataset.verb);
  document.body.classList.toggle("steers", app.mayAct);
  const well = app.connected && about.daemon;
  daemon.className = `daemon ${well ? "well" : "lost"}`;
  setText(
    daemon,
    !app.connected
      ? "the console does not answer"
      : about.daemon
        ? { change: "may change", steer: "may steer" }[about.right] ?? "reading only"
        : "no daemon",
  );
  daemon.title = about.daemon ? `Netstrata ${about.version}` : about.why;
  banner.hidden = well;
  if (!well)
    setText(
      banner,
      app.connected
        ? `${about.why}.  What is shown is what was last seen; it goes on by itself.`
        : about.why.startsWith("This console")
          ? about.why
          : "The console does not answer; trying again.",
    );
  document.title = titleOf(app.history.state);
  app.confirmation.update();
  current?.update();
  detail.update();
  scrubber.update();
}

function titleOf(state) {
  let complete = 0;
  for (const process of state.values()) if (process.state === "complete") complete++;
  return state.size ? `${complete}/${state.size} · Netstrata` : "Netstrata";
}

function help() {
  const keys = [
    ["1 – 7", "a view"],
    ["/", "find"],
    ["← →", "one event back, on"],
    ["Shift ← →", "one burst back, on"],
    ["Home", "the first event"],
    ["End, Esc", "now"],
    ["↑ ↓", "from floor to floor"],
    ["Enter", "what is known of a floor"],
    ["r", "restart a floor and all above"],
    ["a", "restart all above a floor"],
    ["Ctrl Enter", "apply a text that is edited"],
  ];
  const dialog = h(
    "dialog",
    { cls: "ask keys", "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h(
      "dl",
      {},
      keys.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]),
    ),
    h(
      "div",
      { cls: "row" },
      h("button", { type: "button", cls: "primary", autofocus: true, onclick: () => dialog.close() }, "Close"),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const KEYS = {
  ArrowLeft: (event) => app.stepBy(-1, event.shiftKey),
  ArrowRight: (event) => app.stepBy(1, event.shiftKey),
  Home: () => app.look(0),
  End: () => app.look(null),
  "?": help,
  "/": () => /** @type {?HTMLElement} */ (place.querySelector("input[type=search]"))?.focus(),
  Escape: () => {
    if (app.cursor !== null) app.look(null);
    else app.choose(null);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("input, select, textarea")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const view = VIEWS[Number(event.key) - 1];
  if (view && (!app.about.verbs.length || app.knows(view[3]))) location.hash = `#/${view[0]}`;
  else if (KEYS[event.key]) KEYS[event.key](event);
  else return;
  event.preventDefault();
});

window.addEventListener("hashchange", route);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.changed());
app.listen(update);
setInterval(() => document.visibilityState === "visible" && app.changed(), 1000); // times since
route();
window.addEventListener("pagehide", () => app.disconnect());
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) app.connect();
});
app.connect();
Object.assign(window, { netstrata: app }); // to look at from the browser's own console
