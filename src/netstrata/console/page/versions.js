// The programs that have run, and the way back to one of them: first what that would do, then doing it.

import { h, setText, toast } from "./dom.js";
import { confirmChoice, confirmOf, stepsOf, summaryOf } from "./plan.js";
import { clock } from "./words.js";

export class Versions {
  constructor(app) {
    this.app = app;
    this.told = h("p", { cls: "summary" });
    this.rows = h("tbody");
    this.table = h(
      "table",
      { cls: "versions" },
      h("thead", {}, h("tr", {}, ["", "since", "by", "why", ""].map((text) => h("th", { scope: "col" }, text)))),
      this.rows,
    );
    this.element = h(
      "div",
      { cls: "view of-now" },
      h("div", { cls: "bar" }, this.told, h("a", { href: "#/source" }, "Back to the source")),
      this.table,
    );
  }

  show() {
    this.life = "";
    this.app.changed();
  }

  update() {
    const { app } = this;
    const life = `${app.life} ${app.about.right} ${app.confirmation.awaited?.version}`;
    if (!app.about.daemon || this.life === life) return;
    this.life = life;
    this.load();
  }

  async load() {
    const told = await this.app.get("program", {}, true);
    const versions = (told?.versions ?? []).reverse();
    this.table.hidden = versions.length === 0;
    setText(
      this.told,
      !told
        ? "Only who may steer may see the programs that have run."
        : versions.length
          ? "The last 20 programs that ran.  Going back to one undoes and begins what differs, and nothing else."
          : "No other program has run yet: each change keeps the one before it.",
    );
    this.rows.replaceChildren(...versions.map((version) => this.row(version)));
  }

  row({ number, who, when, why, runs }) {
    return h(
      "tr",
      { "data-version": number, cls: runs ? "runs" : "" },
      h("th", { scope: "row" }, String(number)),
      h("td", {}, `${new Date(when * 1000).toLocaleDateString()} ${clock(when, false)}`),
      h("td", {}, who),
      h("td", {}, why),
      h(
        "td",
        {},
        runs
          ? h("b", {}, "runs now")
          : this.app.mayChange &&
              h(
                "button",
                { type: "button", cls: "tool wide", "aria-label": `Go back to program ${number}`, onclick: () => this.ask(number) },
                "Go back to it…",
              ),
      ),
    );
  }

  // Show what going back would do, and do it if that is meant.
  async ask(version) {
    const answer = await this.app.send("revert", { version, plan: true });
    if (!answer.ok) return this.app.complain(answer.text);
    const time = confirmChoice();
    const dialog = /** @type {HTMLDialogElement} */ (
      h(
        "dialog",
        { cls: "ask", "aria-labelledby": "back-title" },
        h("h2", { id: "back-title" }, `Go back to program ${version}?`),
        h("p", {}, summaryOf(answer.body)),
        h("ol", { cls: "undone steps-of-plan", tabindex: "0" }, stepsOf(answer.body.steps)),
        time,
        h(
          "div",
          { cls: "row" },
          h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Leave it"),
          h(
            "button",
            {
              type: "button",
              cls: "primary",
              "data-act": "yes",
              onclick: () => {
                const wanted = { version, ...confirmOf(time) };
                dialog.close();
                this.goBack(wanted);
              },
            },
            "Go back",
          ),
        ),
      )
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    return dialog.showModal();
  }

  async goBack(wanted) {
    const { app } = this;
    const answer = await app.confirmation.applied(() => app.send("revert", wanted), wanted.confirm);
    if (answer.ok) toast(`Went back to program ${wanted.version}`);
    else app.complain(answer.reached ? answer.text : "No answer has come: it may have been done, or not");
    this.load();
  }
}
