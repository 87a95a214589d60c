// A program that somebody has to confirm: how long that may take still, on every view, and what has become of it.
//
// The page asks again and again meanwhile, for the change may be what it is cut off by: then nobody tells it.

import { h, setText } from "./dom.js";
import { clock } from "./words.js";

const ASK_MS = 2000; // between two questions while a program waits
const PATIENCE_MS = 3000; // for an answer; who does not answer within it is not reached
const SPOKEN_S = [60, 30, 10]; // how much time is left when it is said aloud

export class Confirmation {
  constructor(app) {
    this.app = app;
    this.awaited = null; // {who, version, previous, until}; version 0 if it is only supposed to wait, as was asked here
    this.ran = 0; // the version that ran when something was asked for here
    this.runs = null; // the version that runs, as was told last
    this.mine = 0; // the version that was asked for here
    this.applying = ""; // "now", or "unsure" if no answer has come
    this.asking = null; // as long as an answer is to come
    this.reached = true; // the daemon has answered when it was asked last
    this.outcome = "";
    this.told = h("span", { role: "status", "data-told": "" });
    this.timer = h("b", { role: "timer", "aria-label": "Time left" });
    this.spoken = h("span", { cls: "unseen", role: "status" });
    this.keep = h("button", { type: "button", cls: "primary", "data-act": "keep", onclick: () => this.confirm() }, "Keep");
    this.back = h("button", { type: "button", "data-act": "back", onclick: () => this.goBack() }, "Go back");
    this.close = h("button", { type: "button", "data-act": "seen", onclick: () => this.forget() }, "Close");
    this.element = h(
      "section",
      { cls: "confirmation", "aria-label": "A program to be confirmed", hidden: true },
      h("p", {}, this.told, " ", this.timer, this.spoken),
      h("div", { cls: "row" }, this.back, this.keep, this.close),
    );
  }

  get left() {
    return this.awaited ? Math.max(0, Math.round(this.awaited.until - Date.now() / 1000)) : 0;
  }

  // Ask whether a program waits, and go on asking while one does.  Who asks meanwhile waits for an answer to that.
  ask() {
    this.again = true;
    this.asking ??= this.askOn();
    return this.asking;
  }

  async askOn() {
    const { app } = this;
    while (this.again && (this.awaited || (app.mayAct && app.knows("Confirmation")))) {
      this.again = false;
      const { reached, ok, body } = await app.send("confirmation", null, PATIENCE_MS);
      this.reached = reached;
      if (ok) this.take(body);
      app.changed();
    }
    this.asking = null;
    clearTimeout(this.due);
    if (this.awaited) this.due = setTimeout(() => this.ask(), ASK_MS);
  }

  take({ awaited = null, runs = null }) {
    this.runs = runs;
    if (awaited) {
      this.outcome = "";
      this.awaited = { ...awaited, until: Date.now() / 1000 + awaited.left };
      if (this.applying) this.mine = awaited.version;
      return;
    }
    const before = this.awaited;
    if (!before) return;
    const isOver = runs?.number !== this.ran && runs?.why.includes("nobody has confirmed");
    if (before.version === 0 && this.applying === "now" && !isOver) return; // it has not begun to wait
    this.awaited = null;
    if (this.applying === "unsure") this.applying = "";
    if (before.version || isOver || runs?.number !== this.ran) this.outcome = whatBecame(before, runs);
    else this.outcome = "What was asked for here was not done, or has gone back.";
  }

  // Remember that what waits from now on was asked for here, also if no answer ever comes.
  async applied(act, seconds) {
    this.applying = "now";
    this.ran = this.runs?.number;
    if (seconds) {
      this.awaited ??= { who: "", version: 0, previous: 0, until: Date.now() / 1000 + seconds };
      this.ask();
    }
    const answer = await act();
    this.applying = answer.reached ? "now" : "unsure";
    if (answer.reached) {
      await this.ask();
      this.applying = "";
      if (this.awaited?.version === 0) this.awaited = null;
    }
    return answer;
  }

  async confirm() {
    const { version } = this.awaited;
    this.refuse(await this.app.send("confirm", { version }, PATIENCE_MS), "It was not kept");
  }

  async goBack() {
    const { previous } = this.awaited;
    this.refuse(await this.app.send("revert", { version: previous }), "It has not gone back");
  }

  refuse({ ok, text }, what) {
    if (!ok) this.app.complain(`${what}: ${text}`);
    this.ask();
  }

  forget() {
    this.outcome = "";
    this.app.changed();
  }

  update() {
    const { app, left } = this;
    const awaited = this.reached && this.awaited?.version === 0 ? null : this.awaited;
    this.element.hidden = !awaited && !this.outcome;
    const lost = awaited && !this.reached;
    this.element.classList.toggle("lost", Boolean(lost));
    setText(this.told, awaited ? this.tell() : this.outcome);
    setText(this.timer, awaited && left ? `${left} s` : "");
    const spoken = awaited && SPOKEN_S.find((one) => left <= one && left > one - 3);
    setText(this.spoken, spoken ? `${spoken} seconds are left` : "");
    const may = awaited?.version && app.mayChange;
    this.keep.hidden = this.back.hidden = !may;
    this.keep.disabled = this.back.disabled = Boolean(lost);
    this.close.hidden = Boolean(awaited);
  }

  tell() {
    const { who, version, until } = this.awaited;
    const whose = version === this.mine ? "Your change" : `A change by ${who}`;
    const at = clock(until, false);
    if (!this.reached)
      return this.left
        ? `This page does not reach the daemon.  Unless somebody confirms it elsewhere, the daemon goes back by itself at ${at}.`
        : `This page does not reach the daemon.  It was to go back by itself at ${at}, unless somebody has confirmed.`;
    const how = this.app.mayChange ? "" : " by `netstrata confirm`";
    return `${whose} waits to be kept${how}; else it goes back by itself at ${at}.`;
  }
}

function whatBecame({ version, previous }, runs) {
  if (!runs) return "No program waits to be confirmed any more.";
  const it = version ? `The program ${version}` : "What was asked for here";
  if (runs.number === version) return `The program ${version} was confirmed: it stays.`;
  if (runs.number === previous || runs.why.startsWith("going back"))
    return `${it} went back: ${runs.why.includes("nobody") || runs.number === previous ? "nobody has confirmed it" : `${runs.who} has asked for that`}.`;
  return `Another program runs by now: ${runs.number}, ${runs.why}, by ${runs.who}.`;
}
