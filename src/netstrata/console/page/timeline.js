// The time line: everything that happened, one line each, of one process, kind, layer, child or word if asked.

import { h, icon, setClass, setText } from "./dom.js";
import { VirtualList } from "./virtual.js";
import { LAYERS, clock, placeOf, span, tellEvent, valuesText } from "./words.js";

export class Timeline {
  constructor(app) {
    this.app = app;
    this.shown = []; // indexes of events
    this.read = 0;
    this.forgotten = 0;
    this.first = null;
    this.filter = { text: "", process: "", child: "", kinds: new Set(), layers: new Set() };
    this.count = h("p", { cls: "summary", role: "status" });
    this.search = h("input", {
      type: "search",
      placeholder: "Text",
      "aria-label": "Only with this text",
      oninput: () => this.refilter({ text: this.search.value.toLowerCase() }),
    });
    this.process = h("input", {
      type: "search",
      placeholder: "Process",
      "aria-label": "Only of this process and those it runs",
      list: "processes",
      cls: "short",
      oninput: () => this.refilter({ process: this.process.value }),
    });
    this.child = h("input", {
      type: "search",
      placeholder: "Child",
      "aria-label": "Only of this child",
      list: "children",
      cls: "short",
      oninput: () => this.refilter({ child: this.child.value }),
    });
    this.processes = h("datalist", { id: "processes" });
    this.children = h("datalist", { id: "children" });
    this.childNames = new Set();
    this.kindNames = new Set();
    this.kinds = h("div", { cls: "chips", role: "group", "aria-label": "Kinds" });
    this.layers = h(
      "div",
      { cls: "chips", role: "group", "aria-label": "Layers" },
      [1, 2, 3, 4].map((layer) => this.chip(String(layer), layer, this.filter.layers, LAYERS[layer], `l${layer}`)),
    );
    this.list = new VirtualList({
      height: 28,
      cls: "events",
      follows: true,
      label: "Events, oldest first",
      make: () => this.make(),
      show: (row, index) => this.fill(row, index),
    });
    this.element = h(
      "div",
      { cls: "view timeline" },
      h(
        "div",
        { cls: "bar" },
        this.count,
        h("label", { cls: "search" }, icon("search"), this.search),
        this.process,
        this.child,
        this.processes,
        this.children,
      ),
      h("div", { cls: "bar second" }, this.kinds, this.layers),
      this.list.element,
    );
    this.list.element.addEventListener("keydown", (event) => this.key(event));
  }

  chip(text, value, set, title = text, cls = "") {
    const chip = h(
      "button",
      {
        type: "button",
        cls: `chip ${cls}`,
        "aria-pressed": "false",
        title,
        "data-value": value,
        onclick: () => {
          if (!set.delete(value)) set.add(value);
          chip.setAttribute("aria-pressed", set.has(value));
          this.refilter({});
        },
      },
      text,
    );
    return chip;
  }

  show(path) {
    if (path) {
      this.process.value = path;
      this.refilter({ process: path });
    }
    this.offer();
    this.list.draw();
    if (this.list.stuck) requestAnimationFrame(() => this.list.toEnd());
  }

  refilter(change) {
    Object.assign(this.filter, change);
    this.read = 0;
    this.shown = [];
    this.app.changed();
  }

  // Offer names to choose from, as long as they are not too many to be of use.
  offer() {
    const paths = [...this.app.state.keys()].slice(0, 300);
    if (this.offered !== paths.length)
      this.processes.replaceChildren(...paths.map((path) => h("option", { value: path })));
    this.offered = paths.length;
  }

  update() {
    const { history } = this.app;
    const { events } = history;
    if (history.forgotten !== this.forgotten || events[0] !== this.first) {
      this.forgotten = history.forgotten;
      this.first = events[0];
      this.read = 0;
      this.shown = [];
    }
    for (; this.read < events.length; this.read++) {
      const event = events[this.read];
      if (event.child && !this.childNames.has(event.child)) {
        this.childNames.add(event.child);
        this.children.append(h("option", { value: event.child }));
      }
      if (!this.kindNames.has(event.kind)) {
        this.kindNames.add(event.kind);
        if (event.kind !== "gap") this.kinds.append(this.chip(event.kind, event.kind, this.filter.kinds));
      }
      if (this.fits(event)) this.shown.push(this.read);
    }
    this.child.hidden = this.childNames.size === 0;
    const narrow = this.list.element.clientWidth < 560;
    this.list.element.classList.toggle("narrow", narrow);
    this.list.resize(this.shown.length, narrow ? 46 : 28);
    setText(
      this.count,
      this.shown.length === events.length
        ? `${events.length.toLocaleString("en")} events`
        : `${this.shown.length.toLocaleString("en")} of ${events.length.toLocaleString("en")} events`,
    );
    if (this.app.cursor !== this.looked) {
      this.looked = this.app.cursor;
      if (this.looked !== null) {
        this.list.stuck = false;
        this.list.reveal(this.place(this.looked));
      } else {
        this.list.stuck = true;
        this.list.toEnd();
      }
    }
  }

  // Where an event, or the last one before it, stands in the list.
  place(index) {
    let low = 0,
      high = this.shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.shown[middle] <= index) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  fits(event) {
    const { text, process, child, kinds, layers } = this.filter;
    if (event.kind === "gap") return true;
    if (kinds.size && !kinds.has(event.kind)) return false;
    if (layers.size && !layers.has(event.layer)) return false;
    if (child && event.child !== child) return false;
    if (
      process &&
      event.process !== process &&
      !event.process?.startsWith(`${process}.`) &&
      !event.process?.startsWith(`${process}/`)
    )
      return false;
    return (
      !text ||
      `${event.process} ${event.name ?? ""} ${event.child ?? ""} ${tellEvent(event)}`.toLowerCase().includes(text)
    );
  }

  make() {
    const parts = {
      time: h("time"),
      delta: h("span", { cls: "delta" }),
      place: h("span", { cls: "place" }),
      name: h("span", { cls: "name" }),
      what: h("span", { cls: "happened" }),
      text: h("span", { cls: "text" }),
    };
    const row = h(
      "div",
      { cls: "event", role: "listitem" },
      parts.time,
      parts.delta,
      parts.place,
      parts.name,
      parts.what,
      parts.text,
    );
    row.addEventListener("click", () => {
      this.app.look(row.index);
      const { event } = row;
      if (event.process) this.app.choose(event.process, event.statement ?? 0);
    });
    return Object.assign(row, { parts });
  }

  fill(row, at) {
    const { app } = this;
    const index = this.shown[at];
    const event = app.history.events[index];
    if (!event) return;
    const ahead = app.cursor !== null && index > app.cursor;
    setClass(row, `event k-${event.kind}${index === app.cursor ? " looked" : ""}${ahead ? " ahead" : ""}`);
    row.index = index;
    const before = app.history.events[this.shown[at - 1]];
    if (row.event === event && row.before === before) return;
    row.event = event;
    row.before = before;
    const { parts } = row;
    setText(parts.time, clock(event.time));
    setText(parts.delta, before ? span(event.time - before.time) : "");
    setText(parts.place, placeOf(event));
    setText(parts.name, event.child ? `${event.child}${event.pid ? ` ${event.pid}` : ""}` : (event.name ?? ""));
    if (event.kind === "transition") {
      setText(parts.what, event.to);
      setClass(parts.what, `happened state ${event.to}`);
      setText(parts.text, valuesText(event.values));
    } else {
      setText(parts.what, event.kind === "process" ? event.what : event.kind);
      setClass(parts.what, `happened state k-${event.kind}`);
      setText(parts.text, event.kind === "process" ? "" : (event.text ?? "").split("\n")[0]);
    }
    row.title = event.text ?? "";
  }

  key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = this.app.cursor === null ? this.shown.length : this.place(this.app.cursor);
    const next = at + step;
    this.app.look(next >= this.shown.length ? null : this.shown[Math.max(0, next)]);
  }
}
