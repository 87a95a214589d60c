// One process: its floors, the first at the ground, and the lights of its layers.

import { actsOf, ask } from "./acts.js";
import { h, s, setClass, setText } from "./dom.js";
import { lightsOf, manner, stuckAt } from "./lights.js";
import { VirtualList } from "./virtual.js";
import { LAYERS, LAYER_SHORT, ago, valuesText } from "./words.js";

const TALL = 40; // floors beyond which only those in sight are made
const ROW = 39; // pixels, with what is between two

// Four lamps; where a layer can be chosen, each is a button.
export class Lights {
  constructor(choose = null) {
    this.lamps = [1, 2, 3, 4].map((layer) =>
      h(
        choose ? "button" : "span",
        {
          cls: "lamp",
          "data-layer": layer,
          type: choose && "button",
          onclick: choose ? () => choose(layer) : undefined,
        },
        h("i"),
        h("b", {}, LAYER_SHORT[layer]),
      ),
    );
    this.buttons = Boolean(choose);
    this.element = h("span", { cls: "lights", role: choose ? "group" : "img" }, this.lamps);
  }

  show(lights) {
    const told = [];
    this.lamps.forEach((lamp, i) => {
      const light = lights[i + 1];
      setClass(lamp, `lamp ${light ?? "none"} l${i + 1}`);
      if (light) told.push(`${LAYERS[i + 1]} ${light}`);
      const act = this.buttons && light ? "; restart all above this layer" : "";
      const title = `${LAYERS[i + 1]}: ${light ?? "no floors"}${act}`;
      if (lamp.title === title) return;
      lamp.title = title;
      if (!this.buttons) return;
      lamp.setAttribute("aria-label", title);
      lamp.disabled = !light;
    });
    const text = told.join(", ") || "no layers";
    if (this.element.getAttribute("aria-label") !== text) this.element.setAttribute("aria-label", text);
  }
}

function makeFloor(card) {
  const parts = {
    number: h("span", { cls: "number" }),
    name: h("span", { cls: "name" }),
    given: h("span", { cls: "given" }),
    label: h("em"),
    said: h("span", { cls: "said" }),
    since: h("span", { cls: "since" }),
  };
  const face = h(
    "button",
    { type: "button", cls: "face", tabindex: "-1" },
    h("i", { cls: "dot" }),
    parts.number,
    h("span", { cls: "what" }, parts.name, parts.label, parts.given),
    parts.said,
    parts.since,
  );
  const row = h(
    "div",
    { cls: "floor", role: "listitem" },
    face,
    h(
      "span",
      { cls: "acts" },
      actsOf(card.app, () => ({ path: card.path, statement: row.floor.statement })),
    ),
  );
  face.addEventListener("click", () => card.app.choose(card.path, row.floor.statement));
  Object.assign(row, { face, parts, floor: null });
  return row;
}

function showFloor(row, floor, inset, card) {
  const { app } = card;
  const chosen = app.chosen?.path === card.path && app.chosen.statement === floor.statement;
  const idle = floor.state === "down" && floor.name === "on_request";
  const marks = [floor.error && "failed", chosen && "chosen", saidOf(floor) && "says"].filter(Boolean);
  setClass(row, `floor ${idle ? "down idle" : floor.state} l${floor.layer} ${marks.join(" ")}`);
  const since = floor.since && floor.state !== "gone" ? ago(app.now - floor.since) : "";
  setText(row.parts.since, since);
  const given = app.text.argumentsOf(floor);
  if (row.floor === floor && row.inset === inset && row.given === given) return;
  row.floor = floor;
  row.given = given;
  row.inset = inset;
  row.style.setProperty("--inset", `${inset}%`);
  row.dataset.statement = floor.statement;
  const said = saidOf(floor);
  setText(row.parts.number, String(floor.statement));
  setText(row.parts.name, floor.name || "…");
  setText(row.parts.label, floor.label);
  setText(row.parts.given, given);
  setText(row.parts.said, said);
  row.face.title = [given, said].filter(Boolean).join("\n");
  row.face.setAttribute(
    "aria-label",
    `${floor.statement} ${floor.name} ${floor.label}: ${floor.error ? `failed, ${floor.error}` : floor.state}. ${said}`,
  );
}

export function saidOf(floor) {
  if (floor.error) return floor.error.split("\n")[0];
  if (floor.state === "up")
    return valuesText(floor.values) || (floor.processes.length > 1 ? `runs ${floor.processes.length}` : "");
  return floor.waits;
}

export function tellProcess(process) {
  const up = process.floors.filter((floor) => floor.state === "up").length;
  const stuck = stuckAt(process);
  if (process.state === "complete" || !stuck) return `complete · ${up} ${up === 1 ? "floor" : "floors"}`;
  const how = manner(process);
  return how === "idle" ? "idle until it is asked for" : `${how} · ${up} of ${process.floors.length} floors`;
}

export class Pyramid {
  constructor(app, path) {
    this.app = app;
    this.path = path;
    this.process = null;
    this.rows = [];
    this.list = null;
    this.lights = new Lights((layer) => this.askAbove(layer));
    this.apex = s(
      "svg",
      { cls: "apex", viewBox: "0 0 24 20", "aria-hidden": "true" },
      s("path", { d: "M12 2 22 18H2z" }),
    );
    this.name = h("a", { cls: "pname", href: `#/process/${encodeURIComponent(path)}` }, path);
    this.told = h("span", { cls: "told" });
    this.stack = h("div", { cls: "stack", role: "list", "aria-label": `Floors of ${path}, from the top` });
    this.below = h("div", { cls: "below" });
    this.element = h(
      "section",
      { cls: "card pyramid", "aria-label": `Process ${path}`, "data-process": path },
      h("header", {}, this.apex, h("div", { cls: "title" }, this.name, this.told), this.lights.element),
      this.stack,
      this.below,
    );
    this.stack.addEventListener("keydown", (event) => this.key(event));
    this.stack.addEventListener("focusin", (event) => this.roam(event.target.closest(".floor")));
  }

  // Restart all above a layer: above its highest floor.
  askAbove(layer) {
    const highest = this.process?.floors.findLast((floor) => floor.layer === layer);
    if (!highest) return;
    if (this.app.mayAct) ask(this.app, { path: this.path, statement: highest.statement }, true, null, layer);
    else this.app.choose(this.path, highest.statement);
  }

  show(process) {
    const { app } = this;
    this.element.classList.toggle("absent", !process);
    if (!process) {
      setText(this.told, "is not there at this moment");
      return;
    }
    app.want(process);
    const same = this.process === process;
    this.process = process;
    if (!same) {
      setText(this.told, tellProcess(process));
      setClass(this.element, `card pyramid p-${manner(process)}`);
    }
    this.lights.show(lightsOf(process, app.state));
    if (process.floors.length > TALL) this.showTall();
    else this.showAll();
    if (!same) this.showBelow();
  }

  showAll() {
    if (this.list) {
      this.list = null;
      this.stack.replaceChildren();
      this.rows = [];
    }
    const { floors } = this.process;
    while (this.rows.length > floors.length) this.rows.pop().remove();
    while (this.rows.length < floors.length) {
      const row = makeFloor(this);
      if (!this.rows.length) row.face.tabIndex = 0;
      this.rows.push(row);
      this.stack.prepend(row);
    }
    floors.forEach((floor, i) => showFloor(this.rows[i], floor, insetOf(i, floors.length), this));
  }

  showTall() {
    if (!this.list) {
      this.rows = [];
      this.list = new VirtualList({
        height: ROW,
        make: () => makeFloor(this),
        label: `Floors of ${this.path}, from the top`,
        show: (row, index) => {
          const { floors } = this.process;
          const floor = floors[floors.length - 1 - index];
          if (floor) showFloor(row, floor, insetOf(floor.statement - 1, floors.length), this);
        },
      });
      this.stack.replaceChildren(this.list.element);
      this.list.resize(this.process.floors.length);
      const stuck = stuckAt(this.process)?.statement ?? 1;
      requestAnimationFrame(() => this.list?.reveal(this.process.floors.length - stuck));
    }
    this.list.resize(this.process.floors.length);
  }

  showBelow() {
    const paths = this.process.floors.flatMap((floor) => floor.processes);
    const links = paths
      .slice(0, 6)
      .map((path) =>
        h(
          "a",
          { cls: "chip", href: `#/process/${encodeURIComponent(path)}` },
          path.slice(path.startsWith(this.path) ? this.path.length : 0),
        ),
      );
    this.below.replaceChildren(
      ...(links.length ? [h("span", { cls: "muted" }, "runs"), ...links] : []),
      ...(paths.length > 6 ? [h("span", { cls: "muted" }, `and ${paths.length - 6} more`)] : []),
    );
  }

  roam(row) {
    if (!row || row === this.at) return;
    if (this.at) this.at.face.tabIndex = -1;
    else if (this.rows[0]) this.rows[0].face.tabIndex = -1;
    row.face.tabIndex = 0;
    this.at = row;
  }

  key(event) {
    const row = event.target.closest(".floor");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const place = { path: this.path, statement: row.floor.statement };
    if (move) this.stack.querySelector(`[data-statement="${row.floor.statement + move}"]`)?.face.focus();
    else if (event.key === "r" || event.key === "a") {
      if (this.app.mayAct) ask(this.app, place, event.key === "a");
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function insetOf(i, count) {
  return count < 2 ? 0 : Math.round((i / (count - 1)) * Math.min(15, count * 1.8) * 10) / 10;
}
