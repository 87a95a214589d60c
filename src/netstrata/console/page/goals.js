// The goals: what can be asked for, and dropped again.

import { h } from "./dom.js";
import { stuckAt } from "./lights.js";

export class Goals {
  constructor(app) {
    this.app = app;
    this.list = h("div", { cls: "wall goals", role: "list" });
    this.element = h(
      "div",
      { cls: "view of-now" },
      h(
        "div",
        { cls: "bar" },
        h("p", { cls: "summary" }, "What the program can be asked for; its prerequisites come up by themselves."),
      ),
      this.list,
    );
  }

  show() {
    this.seen = -1;
    this.app.changed();
  }

  update() {
    const { app } = this;
    if (!app.about.daemon || this.asking || this.seen === `${app.history.last}${app.mayAct}`) return;
    this.seen = `${app.history.last}${app.mayAct}`;
    this.ask();
  }

  async ask() {
    this.asking = true;
    const told = await this.app.get("goals", {}, true);
    setTimeout(() => {
      this.asking = false;
      this.app.changed();
    }, 300);
    if (!told)
      return this.list.replaceChildren(
        h(
          "p",
          { cls: "empty" },
          this.app.knows("Goals") ? "The daemon does not tell its goals now." : "This daemon knows no goals yet.",
        ),
      );
    const text = `${JSON.stringify(told.goals)} ${this.app.mayAct} ${this.app.history.last}`;
    if (text === this.text) return undefined;
    this.text = text;
    return this.list.replaceChildren(
      ...told.goals.map((goal) => this.card(goal)),
      ...(told.goals.length
        ? []
        : [h("p", { cls: "empty" }, "The program has no goals: no statement waits to be asked for (on_request).")]),
    );
  }

  // What the first of its processes that is not complete is stuck at.
  tellStuck(goal) {
    const { state } = this.app;
    const process = goal.processes.map((path) => state.get(path)).find((one) => one && one.state !== "complete");
    const floor = process && stuckAt(process);
    return (
      floor &&
      h(
        "p",
        { cls: "stuck" },
        `${process.path}.${floor.statement} ${floor.name}: ${floor.error || floor.waits || floor.state}`,
      )
    );
  }

  card(goal) {
    const act = async () => {
      await this.app.act(
        goal.asked ? "drop" : "ask",
        { goal: goal.name },
        goal.asked ? `Dropped ${goal.name}` : `Asked for ${goal.name}`,
      );
      this.seen = -1;
      this.app.changed();
    };
    return h(
      "section",
      { cls: `card goal ${goal.state}`, role: "listitem", "aria-label": `Goal ${goal.name}` },
      h(
        "header",
        {},
        h("i", { cls: "dot" }),
        h("div", { cls: "title" }, h("span", { cls: "pname" }, goal.name), h("span", { cls: "told" }, goal.state)),
        h(
          "button",
          {
            type: "button",
            role: "switch",
            cls: "switch",
            "aria-checked": String(goal.asked),
            "aria-label": `Ask for ${goal.name}`,
            disabled: !this.app.mayAct,
            onclick: act,
          },
          h("i"),
        ),
      ),
      goal.state === "waiting" && this.tellStuck(goal),
      h(
        "div",
        { cls: "below" },
        goal.processes.map((path) => h("a", { cls: "chip", href: `#/process/${encodeURIComponent(path)}` }, path)),
      ),
    );
  }
}
