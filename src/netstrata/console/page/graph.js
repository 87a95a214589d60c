// The state graph: processes, and who gives what to whom, lit while it is given.

import { h, icon, s, setClass, setText } from "./dom.js";
import { NODE, layOut } from "./layout.js";
import { lightsOf, manner } from "./lights.js";
import { tellProcess } from "./pyramid.js";

const MOST = 120; // nodes that are drawn
const AGAIN_MS = 300;

export class Graph {
  constructor(app) {
    this.app = app;
    this.text = "";
    this.edges = [];
    this.nodes = new Map();
    this.drawn = new Map();
    this.key = "";
    this.search = h("input", {
      type: "search",
      placeholder: "Find a process and its neighbours",
      "aria-label": "Find a process and its neighbours",
      oninput: () => {
        this.text = this.search.value.toLowerCase();
        this.key = "";
        app.changed();
      },
    });
    this.all = h("input", {
      type: "checkbox",
      checked: true,
      onchange: () => {
        this.key = "";
        app.changed();
      },
    });
    this.told = h("p", { cls: "summary", role: "status" });
    this.lines = s("g", { cls: "edges" });
    this.boxes = s("g", { cls: "nodes" });
    this.svg = s(
      "svg",
      { cls: "graph", role: "group", "aria-label": "Processes and what they have from each other" },
      this.lines,
      this.boxes,
    );
    this.field = h("div", { cls: "field" }, this.svg);
    this.element = h(
      "div",
      { cls: "view graphs" },
      h(
        "div",
        { cls: "bar" },
        this.told,
        h("label", { cls: "search" }, icon("search"), this.search),
        h("label", { cls: "check" }, this.all, "with what statements run"),
      ),
      this.field,
      h(
        "p",
        { cls: "legend" },
        h("span", { cls: "e up" }, "is given"),
        h("span", { cls: "e wait" }, "would be given"),
        h("span", { cls: "e call up" }, "is run in a statement's place"),
        h("span", { cls: "muted" }, "Who needs stands above who gives."),
      ),
    );
    new ResizeObserver(() => {
      this.key = "";
      app.changed();
    }).observe(this.field);
  }

  show() {
    this.seen = null;
    this.ask();
  }

  ask() {
    if (this.asking) return;
    this.asking = true;
    this.app.get("graph", {}, true).then((told) => {
      if (told) {
        this.edges = told.edges;
        this.key = "";
      }
      setTimeout(() => {
        this.asking = false;
        this.app.changed();
      }, AGAIN_MS);
      this.app.changed();
    });
  }

  update() {
    const { app } = this;
    const { state } = app;
    if (app.cursor === null && app.about.daemon && this.seen !== app.history.last && !this.asking) {
      this.seen = app.history.last;
      this.ask();
    }
    const chosen = this.choose(state);
    const key = `${this.field.clientWidth} ${chosen.join("\n")} ${this.edges.length}`;
    if (key !== this.key) {
      this.key = key;
      this.draw(chosen);
    }
    this.light(state);
  }

  choose(state) {
    const edges = this.edges.filter(
      (edge) => state.has(edge.from) && state.has(edge.to) && (this.all.checked || edge.kind === "depend"),
    );
    let paths = [...state.keys()].filter((path) => this.all.checked || !path.includes("."));
    const total = paths.length;
    if (this.text) {
      const hit = new Set(paths.filter((path) => path.toLowerCase().includes(this.text)).slice(0, MOST));
      const near = new Set(hit);
      for (const edge of edges) {
        if (hit.has(edge.from)) near.add(edge.to);
        if (hit.has(edge.to)) near.add(edge.from);
      }
      paths = paths.filter((path) => near.has(path));
    } else if (paths.length > MOST) {
      const bound = new Map();
      for (const edge of edges) for (const path of [edge.from, edge.to]) bound.set(path, (bound.get(path) ?? 0) + 1);
      const rank = (path) => (state.get(path).state === "failed" ? 1e6 : 0) + (bound.get(path) ?? 0);
      const best = new Set(
        paths
          .slice()
          .sort((a, b) => rank(b) - rank(a))
          .slice(0, MOST),
      );
      paths = paths.filter((path) => best.has(path));
    }
    paths = paths.slice(0, MOST);
    this.shown = edges;
    setText(
      this.told,
      paths.length < total
        ? `${paths.length} of ${total} processes: those that most others need; find others by name`
        : `${total} processes, ${edges.filter((edge) => edge.kind === "depend").length} dependencies`,
    );
    return paths;
  }

  draw(paths) {
    const room = Math.max(300, this.field.clientWidth - 40);
    const { places, width, height } = layOut(paths, this.shown, room);
    this.svg.setAttribute("viewBox", `-12 -12 ${width + 24} ${height + 24}`);
    const scale = Math.max(1, Math.min(1.5, room / (width + 24), (this.field.clientHeight - 40) / (height + 24)));
    this.svg.style.width = `${(width + 24) * scale}px`;
    this.svg.style.height = `${(height + 24) * scale}px`;
    const kept = new Map();
    for (const path of paths) {
      const node = this.drawn.get(path) ?? this.makeNode(path);
      const { x, y } = places.get(path);
      node.element.setAttribute("transform", `translate(${x} ${y})`);
      kept.set(path, node);
    }
    this.drawn = kept;
    this.boxes.replaceChildren(...[...kept.values()].map((node) => node.element));
    this.drawEdges(places);
  }

  drawEdges(places) {
    const groups = new Map();
    for (const edge of this.shown) {
      if (!places.has(edge.from) || !places.has(edge.to)) continue;
      const key = `${edge.from}\n${edge.to}\n${edge.kind}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(edge);
    }
    this.wires = [...groups.values()].map((edges) => {
      const [{ from, to, kind }] = edges;
      const a = places.get(to),
        b = places.get(from);
      const x1 = a.x + NODE.width / 2,
        y1 = a.y,
        x2 = b.x + NODE.width / 2,
        y2 = b.y + NODE.height;
      const bend = Math.max(24, Math.abs(y1 - y2) * 0.45);
      const name = edges.map((edge) => edge.name).join(", ");
      const shown = name.length > 22 ? `${name.slice(0, 21)}…` : name;
      const element = s(
        "g",
        { cls: "wire" },
        s(
          "title",
          {},
          `${from} ${kind === "depend" ? "depends on" : kind === "call" ? "calls" : "runs"} ${to}: ${name}`,
        ),
        s("path", { d: `M${x1} ${y1}C${x1} ${y1 - bend} ${x2} ${y2 + bend} ${x2} ${y2}` }),
        s("circle", { cx: x2, cy: y2, r: 3.5 }),
        kind === "depend" && s("text", { x: (x1 + x2) / 2, y: (y1 + y2) / 2 + 4, "text-anchor": "middle" }, shown),
      );
      return { element, edges };
    });
    this.lines.replaceChildren(...this.wires.map((wire) => wire.element));
  }

  makeNode(path) {
    const name = s("text", { x: 16, y: 25, cls: "pname" }, path.length > 21 ? `…${path.slice(-20)}` : path);
    const told = s("text", { x: 16, y: 43, cls: "told" });
    const lamps = [1, 2, 3, 4].map((layer) => s("circle", { cx: NODE.width - 62 + layer * 12, cy: 20, r: 3.8 }));
    const strip = s("g", { transform: `translate(16 52)` });
    const element = s(
      "g",
      { cls: "node", tabindex: "0", role: "button", "data-process": path },
      s("title", {}, path),
      s("rect", { width: NODE.width, height: NODE.height, rx: 11 }),
      name,
      told,
      lamps,
      strip,
    );
    const choose = () => this.app.choose(path);
    element.addEventListener("click", choose);
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose();
      }
    });
    return { element, told, lamps, strip, process: null };
  }

  light(state) {
    for (const [path, node] of this.drawn) {
      const process = state.get(path);
      if (!process) continue;
      const chosen = this.app.chosen?.path === path ? " chosen" : "";
      setClass(node.element, `node p-${manner(process)}${chosen}`);
      if (node.process === process) continue;
      if (node.process && this.app.cursor === null) flash(node.element.querySelector("rect"));
      node.process = process;
      setText(node.told, tellProcess(process));
      node.element.setAttribute("aria-label", `${path}: ${tellProcess(process)}`);
      lightsOf(process, state).forEach(
        (light, layer) => layer && setClass(node.lamps[layer - 1], `lamp ${light ?? "none"}`),
      );
      this.showStrip(node.strip, process.floors);
    }
    for (const wire of this.wires ?? []) {
      const up = wire.edges.some((edge) => this.isUp(edge, state));
      setClass(wire.element, `wire ${wire.edges[0].kind} ${up ? "up" : "wait"}`);
    }
  }

  showStrip(strip, floors) {
    const shown = floors.slice(0, 26);
    const wide = Math.min(14, (NODE.width - 32) / Math.max(1, shown.length));
    while (strip.childNodes.length > shown.length) strip.lastChild.remove();
    while (strip.childNodes.length < shown.length) strip.append(s("rect", { height: 4, rx: 1.5 }));
    shown.forEach((floor, i) => {
      const bar = strip.childNodes[i];
      bar.setAttribute("x", i * wide);
      bar.setAttribute("width", Math.max(1, wide - 2));
      setClass(bar, `bar ${floor.error ? "failed" : floor.state}`);
    });
  }

  // Now the daemon knows; of another moment the floors tell, and of several that would do the first was taken.
  isUp(edge, state) {
    const floor = state.get(edge.from)?.floors[edge.statement - 1];
    if (floor?.state !== "up") return false;
    const giver = state.get(edge.to);
    const gives = edge.provider ? giver?.floors[edge.provider - 1]?.state === "up" : giver?.state === "complete";
    if (!gives || edge.kind !== "depend") return Boolean(gives);
    if (this.app.cursor === null) return edge.up;
    const same = this.shown.filter((other) => other.from === edge.from && other.statement === edge.statement);
    return same.find((other) => state.get(other.to)?.floors[other.provider - 1]?.state === "up") === edge;
  }
}

function flash(rect) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  rect.animate([{ strokeWidth: "5px" }, { strokeWidth: "1.5px" }], { duration: 700, easing: "ease-out" });
}
