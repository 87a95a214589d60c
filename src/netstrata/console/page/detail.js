// What is chosen, in detail: a floor with its values and what can be done, and why its process is where it is.

import { actsOf } from "./acts.js";
import { button, h } from "./dom.js";
import { LAYERS, clock, placeOf, tellEvent } from "./words.js";

const ASK_MS = 1000; // between two questions
const NOTHING = { path: "", seq: 0, causes: null };

export class Detail {
  constructor(app, element) {
    this.app = app;
    this.element = element;
    this.shown = "";
    this.why = NOTHING;
    this.asking = ""; // the process that is asked about
  }

  update() {
    const { app, element } = this;
    const chosen = app.chosen;
    element.hidden = !chosen;
    document.body.classList.toggle("with-detail", Boolean(chosen));
    if (!chosen) {
      this.floor = undefined;
      return;
    }
    const process = app.state.get(chosen.path);
    const floor = process?.floors[chosen.statement - 1];
    this.askWhy(process);
    const news = this.hasNews(chosen);
    if (
      !news &&
      this.process === process &&
      this.floor === floor &&
      this.key === `${chosen.path}.${chosen.statement}` &&
      this.causes === this.why.causes &&
      this.right === app.about.right
    )
      return;
    this.process = process;
    this.floor = floor;
    this.key = `${chosen.path}.${chosen.statement}`;
    this.causes = this.why.causes;
    this.right = app.about.right;
    const active = /** @type {HTMLElement} */ (document.activeElement);
    const kept = element.contains(active) ? active.dataset.act : "";
    element.replaceChildren(
      h(
        "div",
        { cls: "head" },
        h(
          "div",
          {},
          h("h2", {}, floor ? floor.name : chosen.path, floor?.label && h("em", {}, ` ${floor.label}`)),
          h("p", { cls: "muted" }, floor ? `${chosen.path}, statement ${floor.statement}` : "process"),
        ),
        button("close", "Close (Esc)", () => app.choose(null)),
      ),
      process
        ? h(
            "div",
            {},
            floor ? this.tellFloor(floor) : this.tellProcess(process),
            this.tellWhy(process),
            this.tellEvents(chosen),
          )
        : h("p", { cls: "empty" }, "It is not there at this moment."),
    );
    if (kept) element.querySelector(`[data-act="${kept}"]`)?.focus();
  }

  // Whether anything has happened to what is chosen since this was last asked.
  hasNews({ path }) {
    const { events } = this.app.history;
    const from = Math.min(this.read ?? 0, events.length);
    this.read = events.length;
    return events.slice(Math.max(from, events.length - 2000)).some((event) => event.process === path);
  }

  tellFloor(floor) {
    const { app } = this;
    const rows = [
      [
        "state",
        h("span", { cls: `state ${floor.state}` }, floor.error && floor.state === "gone" ? "failed" : floor.state),
      ],
    ];
    if (floor.since) rows.push(["since", clock(floor.since)]);
    if (floor.layer)
      rows.push(["layer", h("span", { cls: `layer l${floor.layer}` }, `${floor.layer} ${LAYERS[floor.layer]}`)]);
    rows.push([
      "in",
      h(
        "a",
        { href: `#/source/${encodeURIComponent(floor.file)}:${floor.line}` },
        `${floor.file.split("/").pop()}:${floor.line}`,
      ),
    ]);
    const given = app.text.argumentsOf(floor);
    if (given) rows.push(["given", h("code", {}, given)]);
    if (floor.waits) rows.push(["waits", floor.waits]);
    if (floor.error) rows.push(["failed", h("span", { cls: "bad" }, floor.error)]);
    for (const path of floor.processes.slice(0, 20))
      rows.push(["runs", h("a", { href: `#/process/${encodeURIComponent(path)}` }, path)]);
    const values = Object.entries(floor.values ?? {});
    return [
      h(
        "dl",
        {},
        rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
      ),
      values.length > 0 && [
        h("h3", {}, "Values"),
        h(
          "dl",
          { cls: "values" },
          values.map(([name, value]) => [h("dt", {}, name || "value"), h("dd", {}, String(value))]),
        ),
      ],
      app.mayAct &&
        h(
          "div",
          { cls: "row acts" },
          actsOf(app, () => app.chosen, "0").map((tool) => {
            tool.append(tool.dataset.act === "above" ? "Restart above" : "Restart");
            tool.classList.add("wide");
            return tool;
          }),
          app.mayChange &&
            h("a", { cls: "tool wide", href: `#/edit/${app.text.nameAt(floor.file, floor.line)}`, "data-act": "edit" }, "Edit"),
        ),
    ];
  }

  tellProcess(process) {
    return h(
      "dl",
      {},
      h("dt", {}, "state"),
      h("dd", {}, process.state),
      h("dt", {}, "floors"),
      h("dd", {}, String(process.floors.length)),
    );
  }

  tellWhy(process) {
    if (this.app.cursor !== null || process.state === "complete" || !this.why.causes?.length) return null;
    if (this.why.path !== process.path) return null;
    return [
      h("h3", {}, "Why it is here"),
      h(
        "ol",
        { cls: "why" },
        this.why.causes.map((cause) =>
          h(
            "li",
            { cls: cause.root ? "root" : "", style: { "--depth": cause.depth } },
            h(
              "a",
              { href: `#/process/${encodeURIComponent(cause.process)}` },
              cause.statement ? `${cause.process}.${cause.statement} ${cause.name}` : cause.process,
            ),
            ` ${cause.text}`,
          ),
        ),
      ),
    ];
  }

  tellEvents({ path, statement }) {
    const { events } = this.app.history;
    const end = this.app.cursor ?? events.length - 1;
    const found = [];
    for (let i = end; i >= 0 && found.length < 12 && end - i < 20_000; i--) {
      if (events[i].process === path && (!statement || events[i].statement === statement)) found.push(i);
    }
    if (!found.length) return null;
    return [
      h("h3", {}, "Lately ", h("a", { href: `#/timeline/${encodeURIComponent(path)}` }, "all")),
      h(
        "ol",
        { cls: "lately" },
        found.map((i) =>
          h(
            "li",
            {},
            h(
              "button",
              { type: "button", cls: "moment", title: "Show all as it was then", onclick: () => this.app.look(i) },
              clock(events[i].time),
            ),
            ` ${statement ? "" : `${placeOf(events[i])} `}${tellEvent(events[i])}`,
          ),
        ),
      ),
    ];
  }

  // Ask the daemon why the process is where it is, again when anything has happened: the cause may be far from it.
  askWhy(process) {
    const { app } = this;
    if (!process || process.state === "complete" || app.cursor !== null || !app.about.daemon) {
      if (!process || process.state === "complete") this.why = NOTHING;
      return;
    }
    const { path } = process;
    const seq = app.history.last;
    if ((this.why.path === path && this.why.seq === seq) || this.asking === path) return;
    this.asking = path;
    app.get("why", { process: path }, true).then((told) => {
      if (this.asking !== path) return;
      this.why = { path, seq, causes: told?.causes ?? null };
      app.changed();
      setTimeout(() => {
        if (this.asking === path) this.asking = "";
        app.changed();
      }, ASK_MS);
    });
  }
}
