// The program's text, with the state of each line's statements beside it.

import { h, setClass, setText } from "./dom.js";
import { HEADING } from "./text.js";
import { VirtualList } from "./virtual.js";
import { valuesText } from "./words.js";

const WORDS = new RegExp(
  [
    /(#.*$)/, // a comment
    /("(?:[^"\\]|\\.)*")/, // a string
    /\b(process|template|Foreach|If|elif|else|As|Block|Do|Interrupt|include|include_guard)\b/,
    /(@?[a-zA-Z_][\w.]*(?:->\w+)?)(?=\()/, // what is called
    /(?<![\w.])(_\w+)/, // _arg0, _caller, …
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);
const CLASSES = ["", "comment", "string", "word", "call", "special"];

export class Source {
  constructor(app) {
    this.app = app;
    this.files = new Map();
    this.tabs = h("div", { cls: "chips", role: "tablist", "aria-label": "Files of the program" });
    this.told = h("p", { cls: "summary" });
    this.list = new VirtualList({
      height: 23,
      cls: "code source",
      label: "Lines of the program",
      make: () => this.make(),
      show: (row, index) => this.fill(row, index),
    });
    this.versions = h("a", { cls: "chip", href: "#/versions", hidden: true }, "Earlier programs");
    this.element = h(
      "div",
      { cls: "view sources" },
      h("div", { cls: "bar" }, this.told, this.versions, this.tabs),
      this.list.element,
    );
    this.marks = new Map();
  }

  show(place) {
    const at = place.lastIndexOf(":");
    if (place) {
      this.file = place.slice(0, at);
      this.line = Number(place.slice(at + 1));
    }
    this.load();
  }

  async load() {
    const { text, about } = this.app;
    const may = about.text && (await text.load());
    this.files = text.files;
    if (!may)
      return setText(
        this.told,
        about.daemon
          ? "Only who may steer may read the program, for it may hold secrets: root, the daemon's user, group netdev."
          : "There is no daemon to ask.",
      );
    return this.open();
  }

  open() {
    if (!this.files.has(this.file)) this.file = this.files.keys().next().value;
    this.tabs.replaceChildren(
      ...[...this.files.keys()].map((name) =>
        h(
          "button",
          {
            type: "button",
            cls: "chip",
            role: "tab",
            "aria-selected": String(name === this.file),
            title: name,
            onclick: () => {
              this.file = name;
              this.line = 0;
              this.open();
            },
          },
          name.split("/").pop(),
        ),
      ),
    );
    this.lines = this.files.get(this.file) ?? [];
    const { app } = this;
    const why = app.knows("Replace") && !app.mayChange ? "; only root and the daemon's user may edit it" : "";
    setText(this.told, `${this.lines.length} lines${why}`);
    this.versions.hidden = !app.knows("Revert");
    this.list.resize(this.lines.length);
    if (this.line) requestAnimationFrame(() => this.list.reveal(this.line - 1));
    this.read = null;
    this.app.changed();
  }

  update() {
    const { app } = this;
    if (app.about.daemon && this.life !== app.life) {
      this.life = app.life;
      this.load();
    }
    const { state } = app;
    const stamp = `${app.cursor} ${app.history.last} ${app.history.ready}`;
    if (this.read === stamp || !this.lines) return;
    this.read = stamp;
    this.marks = new Map();
    for (const process of state.values()) {
      for (const floor of process.floors) {
        if (floor.file !== this.file) continue;
        let mark = this.marks.get(floor.line);
        if (!mark) this.marks.set(floor.line, (mark = { count: 0, states: {}, floors: [] }));
        const how = floor.error ? "failed" : floor.state;
        mark.count++;
        mark.states[how] = (mark.states[how] ?? 0) + 1;
        if (mark.floors.length < 30) mark.floors.push({ process: process.path, floor });
      }
    }
    this.list.draw();
  }

  make() {
    const row = h(
      "div",
      { cls: "codeline", role: "listitem" },
      h("button", { type: "button", cls: "mark", tabindex: "-1" }),
      h("span", { cls: "no" }),
      h("code"),
      h("span", { cls: "beside" }),
      h("a", { cls: "chip edit", hidden: true }, "Edit"),
    );
    row.firstChild.addEventListener("click", () => this.chooseAt(row));
    row.children[3].addEventListener("click", () => this.chooseAt(row));
    return row;
  }

  chooseAt(row) {
    const mark = this.marks.get(row.number);
    if (mark) this.app.choose(mark.floors[0].process, mark.floors[0].floor.statement);
  }

  tellLoaded(name) {
    const other = name && this.app.text.loadedFor(name, this.file);
    return other ? `another text runs in its place: ${other}` : "";
  }

  fill(row, index) {
    const [dot, number, code, beside, edit] = row.children;
    row.number = index + 1;
    const text = this.lines[index] ?? "";
    if (row.text !== text || row.of !== this.file) {
      row.text = text;
      row.of = this.file;
      code.replaceChildren(...painted(text));
    }
    setText(number, String(index + 1));
    const mark = this.marks.get(index + 1);
    const name = text.match(HEADING)?.[1] ?? "";
    const [how, said] = mark ? tellMark(mark) : ["", this.tellLoaded(name)];
    edit.hidden = !name || !this.app.mayChange;
    if (name) {
      edit.setAttribute("href", `#/edit/${name}`);
      edit.setAttribute("aria-label", `Edit ${name}`);
    }
    setClass(row, `codeline ${how}${this.line === index + 1 ? " looked" : ""}`);
    setText(beside, said);
    dot.hidden = !mark;
    if (mark) dot.setAttribute("aria-label", `line ${index + 1}: ${said || how}`);
  }
}

function tellMark(mark) {
  if (mark.count === 1) {
    const [{ floor }] = mark.floors;
    const how = floor.error ? "failed" : floor.state;
    return [how, floor.error || (floor.state === "up" ? valuesText(floor.values) : floor.waits)];
  }
  const words = Object.entries(mark.states).map(([how, count]) => `${count} ${how}`);
  const how = ["failed", "dying", "down", "gone", "up"].find((one) => mark.states[one]);
  return [how === "gone" && mark.states.up ? "down" : how, words.join(", ")];
}

function painted(text) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(WORDS)) {
    if (match.index > at) found.push(text.slice(at, match.index));
    const kind = match.slice(1).findIndex((part) => part !== undefined) + 1;
    found.push(h("span", { cls: CLASSES[kind] }, match[0]));
    at = match.index + match[0].length;
  }
  found.push(text.slice(at));
  return found;
}
