// One process, edited: its own text, and beside it what that would do to what runs.
//
// A draft is what somebody has written here of one process: {text, own, base}.  `own` is the text that it was made
// from, and `base` what the daemon tells that by; a text that became another one meanwhile is never written over.

import { h, setText, toast } from "./dom.js";
import { confirmChoice, confirmOf, stepsOf, summaryOf } from "./plan.js";
import { TextField } from "./text-field.js";

const REST_MS = 400; // without a key before a plan is made
const AGAIN_MS = 500; // while the daemon is busy
const WHAT =
  "What you apply is run by the daemon in the place of what the file says of this process.  No file is written: it holds " +
  "until the daemon ends, also over a reload, or for the next one, too, if you say so.  ******** stands for a secret: " +
  "it keeps its place.";

export class Editor {
  constructor(app) {
    this.app = app;
    this.drafts = new Map();
    this.looks = 0; // how often it was looked: only what the last one found counts
    this.name = "";
    this.plan = null; // of the text as it is
    this.title = h("h2", {});
    this.note = h("p", { cls: "banner inline", role: "alert", hidden: true });
    this.field = new TextField("Text of the process", () => this.edited());
    this.summary = h("p", { role: "status", "data-told": "plan" });
    this.steps = h("ol", { cls: "steps-of-plan", "aria-label": "What would be undone and begun", tabindex: "0" });
    this.time = confirmChoice();
    this.persist = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", "data-act": "persist" }));
    this.apply = button("Apply", "apply", () => this.applied(), "primary");
    this.drop = button("Forget my edit", "drop", () => this.take());
    this.theirs = button("Take theirs", "theirs", () => this.take());
    this.mine = button("Go on with mine", "mine", () => this.rebase());
    this.why = h("p", { cls: "muted", id: "why-not" });
    this.element = h(
      "div",
      { cls: "view editing of-now" },
      h("div", { cls: "bar" }, this.title, h("p", { cls: "summary" }, WHAT), h("a", { href: "#/source" }, "Back to the source")),
      this.note,
      h("div", { cls: "row resolve" }, this.theirs, this.mine),
      h(
        "div",
        { cls: "split" },
        this.field.element,
        h(
          "section",
          { cls: "side", "aria-label": "What this would do" },
          h("h3", {}, "What this would do"),
          this.summary,
          this.steps,
          this.time,
          h("label", { cls: "check" }, this.persist, "also for the next daemon (--persist)"),
          this.why,
          h("div", { cls: "row" }, this.drop, this.apply),
        ),
      ),
    );
    this.field.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !this.apply.disabled) this.applied();
    });
    window.addEventListener("beforeunload", (event) => this.isEdited && event.preventDefault());
  }

  get draft() {
    return this.drafts.get(this.name);
  }

  get isEdited() {
    return [...this.drafts.values()].some((draft) => draft.text !== draft.own);
  }

  async show(name) {
    this.name = name;
    this.life = this.app.life;
    setText(this.title, name);
    this.setNote("");
    this.setPlan(null, "");
    this.field.text = this.draft?.text ?? "";
    await this.look();
    if (this.name === name) this.field.area.focus();
  }

  // See what the process's text is now, and whether what is edited here is made from that.
  async look() {
    const { name, app } = this;
    const number = ++this.looks;
    const { ok, error, text, body } = await app.send(`text?${new URLSearchParams({ process: name })}`, null);
    const isNone = !ok && error === "NoSuchProcess";
    const draft = this.drafts.get(name);
    const isOther = isNone ? Boolean(draft) : ok && draft && draft.text !== draft.own && draft.own !== body.text;
    const what = isNone ? `${name} is not there any more` : `The text of ${name} was changed while you were editing it`;
    const who = isOther ? await this.tellWho(what) : "";
    if (number !== this.looks) return;
    if (!ok) {
      this.setNote(who || text, isOther);
      if (isNone) this.gone = true;
    } else {
      this.gone = false;
      this.now = body;
      if (!isOther) {
        this.drafts.set(name, { text: draft && draft.text !== draft.own ? draft.text : body.text, own: body.text, base: body.base });
        this.field.text = this.draft.text;
      }
      this.setNote(who, isOther);
    }
    this.ask();
  }

  async tellWho(what) {
    const { body } = await this.app.send("confirmation", null);
    return body.runs ? `${what} (${body.runs.why}, by ${body.runs.who}).` : `${what}.`;
  }

  // Begin anew from the text that runs; or go on with this one in its place.
  take() {
    this.drafts.delete(this.name);
    this.look();
  }

  rebase() {
    Object.assign(this.draft, { own: this.now.text, base: this.now.base });
    this.setNote("");
    this.ask();
  }

  edited() {
    if (!this.draft) return;
    this.draft.text = this.field.text;
    this.setPlan(null, "…");
    clearTimeout(this.due);
    this.due = setTimeout(() => this.ask(), REST_MS);
  }

  // Ask what the text would do; it is the plan of a text that may be another one by the time it comes.
  async ask() {
    const { app, draft, name } = this;
    clearTimeout(this.due);
    if (!draft || this.gone || this.isOther || !app.mayChange) return this.setPlan(null, "");
    const { text } = draft;
    if (!text.trim()) return this.setPlan(null, "There is no text: to take the process away, use `netstrata unload`.");
    const answer = await app.send("replace", { process: name, text, base: draft.base, plan: true });
    if (name !== this.name || text !== this.draft?.text) return undefined;
    if (answer.ok) return this.setPlan(answer.body, summaryOf(answer.body));
    if (answer.error === "OtherText" || answer.error === "NoSuchProcess") return this.look();
    if (answer.error === "Busy") this.due = setTimeout(() => this.ask(), AGAIN_MS);
    const mistakes = answer.parameters.mistakes ?? [];
    return this.setPlan(null, mistakes.length ? countOf(mistakes.length) : answer.text, mistakes);
  }

  setPlan(plan, said, mistakes = []) {
    this.plan = plan;
    setText(this.summary, said);
    this.steps.replaceChildren(...(plan ? stepsOf(plan.steps) : []));
    this.field.show(mistakes);
    this.app.changed();
  }

  setNote(text, resolve = false) {
    this.isOther = resolve;
    this.note.hidden = !text;
    setText(this.note, text);
    this.app.changed();
  }

  async applied() {
    const { app, name, draft } = this;
    /** @type {Record<string, any>} */
    const given = { process: name, text: draft.text, base: draft.base, persist: this.persist.checked, ...confirmOf(this.time) };
    this.applying = true;
    this.app.changed();
    const answer = await app.confirmation.applied(() => app.send("replace", given), given.confirm);
    this.applying = false;
    if (answer.ok) {
      toast(answer.body.changed ? `${name} was changed` : "Nothing differs");
      if (draft.text === given.text) draft.own = draft.text;
    } else if (!answer.reached) app.complain("No answer has come: it may have been done, or not");
    else if (answer.error !== "OtherText") app.complain(answer.text);
    this.look();
  }

  update() {
    const { app, draft } = this;
    if (app.about.daemon && this.life !== app.life && !this.applying) {
      this.life = app.life;
      this.look();
    }
    const why = this.whyNot();
    setText(this.why, why);
    this.apply.disabled = Boolean(why);
    this.drop.disabled = !draft || draft.text === draft.own || this.applying;
    this.field.area.readOnly = !app.mayChange || !draft;
    this.theirs.hidden = this.mine.hidden = !this.isOther || this.gone;
  }

  whyNot() {
    const { app } = this;
    if (!app.about.daemon) return "There is no daemon to ask.";
    if (!app.mayChange) return "Only root and the daemon's user may change the program: `netstrata console --user root`.";
    if (this.applying) return "It is being applied…";
    if (app.confirmation.awaited) return "A program waits to be kept: that comes first.";
    if (this.gone) return "There is no such process: what you have written can only be copied from here.";
    if (this.isOther) return "Say first which text is to be gone on with.";
    return this.plan?.changed ? "" : "There is nothing to apply.";
  }
}

function countOf(number) {
  return number === 1 ? "One mistake: nothing can be applied." : `${number} mistakes: nothing can be applied.`;
}

function button(text, act, onclick, cls = "") {
  return /** @type {HTMLButtonElement} */ (h("button", { type: "button", cls, "data-act": act, onclick }, text));
}
