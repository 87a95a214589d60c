// The pyramids: all processes, as a wall, or as a list if they are many.

import { h, icon, setClass, setText } from "./dom.js";
import { isRoot, lightsOf, manner } from "./lights.js";
import { Lights, Pyramid, tellProcess } from "./pyramid.js";
import { VirtualList } from "./virtual.js";

const WALL = 24; // processes that are shown as a wall; more are a list

export class Pyramids {
  constructor(app) {
    this.app = app;
    this.cards = new Map();
    this.text = "";
    this.below = false;
    this.paths = [];
    this.summary = h("p", { cls: "summary", role: "status" });
    this.search = h("input", {
      type: "search",
      placeholder: "Find a process",
      "aria-label": "Find a process",
      oninput: () => {
        this.text = this.search.value.toLowerCase();
        this.update();
      },
    });
    this.troubled = h("input", {
      type: "checkbox",
      onchange: () => {
        this.update();
      },
    });
    this.all = h("input", {
      type: "checkbox",
      onchange: () => {
        this.update();
      },
    });
    this.wall = h("div", { cls: "wall" });
    this.side = h("div", { cls: "side" });
    this.list = new VirtualList({
      height: 44,
      cls: "processes",
      label: "Processes",
      make: () => this.makeLine(),
      show: (row, index) => this.showLine(row, index),
    });
    this.split = h("div", { cls: "split" }, this.list.element, this.side);
    this.element = h(
      "div",
      { cls: "view pyramids" },
      h(
        "div",
        { cls: "bar" },
        this.summary,
        h("label", { cls: "search" }, icon("search"), this.search),
        h("label", { cls: "check" }, this.troubled, "not complete"),
        h("label", { cls: "check" }, this.all, "with what statements run"),
      ),
      this.wall,
      this.split,
    );
  }

  update() {
    const { state } = this.app;
    const chosen = this.choosePaths(state);
    const many = chosen.length > WALL;
    this.wall.hidden = many;
    this.split.hidden = !many;
    this.paths = chosen;
    this.showSummary(state);
    if (many) {
      if (this.app.chosen && state.has(this.app.chosen.path)) this.one = this.app.chosen.path;
      if (!this.one || !state.has(this.one)) this.one = chosen[0];
      this.showCards(this.side, [this.one], state);
      if (this.list.count !== chosen.length) this.list.resize(chosen.length);
      this.list.draw();
    } else this.showCards(this.wall, chosen, state);
  }

  choosePaths(state) {
    const found = [];
    for (const process of state.values()) {
      if (!this.all.checked && !isRoot(process)) continue;
      if (this.text && !process.path.toLowerCase().includes(this.text)) continue;
      if (this.troubled.checked && (process.state === "complete" || manner(process) === "idle")) continue;
      found.push(process.path);
    }
    return found;
  }

  showSummary(state) {
    let complete = 0,
      up = 0,
      floors = 0,
      failed = 0,
      idle = 0;
    for (const process of state.values()) {
      if (process.state === "complete") complete++;
      if (process.state === "failed") failed++;
      if (manner(process) === "idle") idle++;
      floors += process.floors.length;
      for (const floor of process.floors) if (floor.state === "up") up++;
    }
    const others = (failed ? `, ${failed} failed` : "") + (idle ? `, ${idle} idle` : "");
    setText(this.summary, `${complete} of ${state.size} processes complete${others} · ${up} of ${floors} floors up`);
  }

  showCards(place, paths, state) {
    const wanted = new Set(paths);
    for (const [path, card] of this.cards) {
      if (wanted.has(path)) continue;
      card.element.remove();
      this.cards.delete(path);
    }
    paths.forEach((path, i) => {
      let card = this.cards.get(path);
      if (!card) this.cards.set(path, (card = new Pyramid(this.app, path)));
      if (place.children[i] !== card.element) place.insertBefore(card.element, place.children[i] ?? null);
      card.show(state.get(path));
    });
    if (!paths.length && !place.firstChild) place.append(h("p", { cls: "empty" }, "Nothing stands here."));
    else if (paths.length) place.querySelector(":scope > .empty")?.remove();
  }

  makeLine() {
    const lights = new Lights();
    const parts = {
      name: h("span", { cls: "pname" }),
      strip: h("span", { cls: "strip" }),
      told: h("span", { cls: "told" }),
    };
    const row = h(
      "button",
      { type: "button", cls: "line", role: "listitem" },
      h("i", { cls: "dot" }),
      parts.name,
      parts.strip,
      lights.element,
      parts.told,
    );
    row.addEventListener("click", () => {
      this.one = row.path;
      this.app.choose(row.path);
    });
    return Object.assign(row, { parts, lights });
  }

  showLine(row, index) {
    const { state } = this.app;
    const process = state.get(this.paths[index]);
    if (!process) return;
    row.path = process.path;
    setClass(row, `line p-${manner(process)}${this.one === process.path ? " chosen" : ""}`);
    if (row.process === process) return;
    row.process = process;
    setText(row.parts.name, process.path);
    setText(row.parts.told, tellProcess(process));
    row.lights.show(lightsOf(process, state));
    row.parts.strip.style.background = stripOf(process.floors);
  }
}

// Floors as one background: small blocks from the ground up, left to right.
export function stripOf(floors) {
  const shown = floors.slice(0, 30);
  const width = 100 / Math.max(1, shown.length);
  const stops = shown.map((floor, i) => {
    const [start, end, next] = [i, i + 0.78, i + 1].map((part) => `${part * width}%`);
    return `var(--${floor.error ? "failed" : floor.state}) ${start} ${end}, transparent ${end} ${next}`;
  });
  return stops.length ? `linear-gradient(90deg, ${stops.join(", ")})` : "none";
}
