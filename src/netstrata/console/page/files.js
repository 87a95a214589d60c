// The files that statements have written, with secrets masked by the daemon.

import { h, setText } from "./dom.js";
import { VirtualList } from "./virtual.js";
import { ago, bytes } from "./words.js";

export class Files {
  constructor(app) {
    this.app = app;
    this.files = [];
    this.lines = [];
    this.list = h("div", { cls: "entries", role: "list", "aria-label": "Files" });
    this.title = h("h2", {}, "Generated files");
    this.told = h("p", { cls: "muted" }, "What statements have written, as it is now; passwords and keys are masked.");
    this.text = new VirtualList({
      height: 21,
      cls: "code",
      label: "Text of the file",
      make: () => h("div", { cls: "codeline", role: "listitem" }, h("span", { cls: "no" }), h("code")),
      show: (row, index) => {
        setText(row.firstChild, String(index + 1));
        setText(row.lastChild, this.lines[index] ?? "");
      },
    });
    this.body = h(
      "div",
      { cls: "reader" },
      h("div", { cls: "head" }, h("div", {}, this.title, this.told)),
      this.text.element,
    );
    this.element = h("div", { cls: "view split files of-now" }, this.list, this.body);
  }

  show(name) {
    this.name = name || this.name;
    this.seen = -1;
    this.app.changed();
  }

  update() {
    const { app } = this;
    if (!app.about.daemon || this.seen === app.history.last || this.asking) return;
    this.seen = app.history.last;
    this.ask();
  }

  async ask() {
    this.asking = true;
    const told = await this.app.get("files", {}, true);
    setTimeout(() => {
      this.asking = false;
      this.app.changed();
    }, 500);
    if (!told)
      return setText(
        this.told,
        this.app.knows("Files")
          ? "The daemon does not tell its files now."
          : "This daemon does not tell of its files yet.",
      );
    this.files = told.files;
    if (!this.files.some((file) => file.name === this.name)) this.name = this.files[0]?.name;
    const now = Date.now() / 1000;
    this.list.replaceChildren(
      ...this.files.map((file) =>
        h(
          "a",
          {
            cls: "entry",
            role: "listitem",
            href: `#/files/${encodeURIComponent(file.name)}`,
            "aria-current": file.name === this.name ? "true" : undefined,
          },
          h("b", {}, file.name.split("/").pop()),
          file.name.includes("/") && h("span", { cls: "muted" }, file.name),
          h(
            "span",
            { cls: "muted" },
            `${file.process}.${file.statement} · ${bytes(file.size)} · ${ago(now - file.changed)} ago`,
          ),
        ),
      ),
    );
    if (!this.files.length) {
      this.list.replaceChildren(h("p", { cls: "empty" }, "No statement has written a file."));
      this.text.resize(0);
      return undefined;
    }
    return this.read();
  }

  async read() {
    const { name } = this;
    const file = this.files.find((one) => one.name === name);
    const stamp = `${name} ${file?.changed}`;
    if (this.stamp === stamp) return;
    const told = await this.app.get("show", { name }, true);
    if (name !== this.name) return;
    this.stamp = told ? stamp : "";
    setText(this.title, name);
    setText(
      this.told,
      told ? "passwords and keys are masked" : "Only who may steer may read it: root, the daemon's user, group netdev.",
    );
    this.lines = told ? told.text.replace(/\n$/, "").split("\n") : [];
    this.text.resize(this.lines.length);
    this.text.draw();
  }
}
