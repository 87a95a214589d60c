// What all views share: what has happened, the moment that is looked at, what is chosen, and the daemon.

import { Confirmation } from "./confirmation.js";
import { soon, toast } from "./dom.js";
import { History, isWhole } from "./history.js";
import { Text } from "./text.js";

const AGAIN_MS = 250; // a process is asked after again at most so often
const LATER_MS = 1000; // and after so long, if nothing was answered

export class App {
  constructor() {
    this.history = new History();
    this.changes = 0; // of the program while it runs
    this.text = new Text(this);
    this.about = { daemon: false, why: "connecting", right: "read", verbs: [], epoch: -1, program: 0 };
    this.connected = false;
    this.cursor = null; // an index of an event, or null for now
    this.chosen = null; // {path, statement}
    this.source = null; // the stream of events
    this.listeners = new Set();
    this.wanted = new Map(); // path -> when it was asked after
    this.past = { index: -1, state: null };
    this.snapshot = null;
    this.confirmation = new Confirmation(this);
    this.tell = this.tell.bind(this);
  }

  // What stands at the moment that is looked at.
  get state() {
    if (this.cursor === null) return this.history.state;
    if (this.past.index !== this.cursor) this.past = { index: this.cursor, state: this.history.after(this.cursor) };
    return this.past.state;
  }

  get now() {
    return this.cursor === null ? Date.now() / 1000 : this.history.events[this.cursor].time;
  }

  get mayAct() {
    return this.about.daemon && this.about.right !== "read";
  }

  get mayChange() {
    return this.about.daemon && this.about.right === "change";
  }

  knows(verb) {
    return this.about.verbs.includes(verb);
  }

  // Call somebody before the next frame after a change.
  listen(listener) {
    this.listeners.add(listener);
  }

  leave(listener) {
    this.listeners.delete(listener);
  }

  changed() {
    soon(this.tell);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  choose(path, statement = 0) {
    this.chosen = path ? { path, statement } : null;
    this.changed();
  }

  look(index) {
    const count = this.history.events.length;
    this.cursor = index === null || !count ? null : Math.max(0, Math.min(count - 1, index));
    this.changed();
  }

  // Go some events back or on; beyond the last one is now.  By bursts: to the end of the next lot of events.
  stepBy(count, byBursts = false) {
    const { events } = this.history;
    let at = this.cursor ?? events.length;
    if (byBursts) {
      at += count;
      while (at > 0 && at < events.length - 1 && events[at + 1].time - events[at].time < 0.25) at += count;
    } else at += count;
    this.look(at >= events.length ? null : at);
  }

  // ---- the stream

  connect() {
    this.disconnect();
    const source = (this.source = new EventSource("/api/events"));
    source.addEventListener("begun", (message) => this.begun(JSON.parse(message.data)));
    source.addEventListener("daemon", (message) => this.met(JSON.parse(message.data)));
    source.addEventListener("events", (message) => this.heard(JSON.parse(message.data).events));
    source.onopen = () => {
      this.connected = true;
      this.changed();
    };
    source.onerror = () => {
      this.connected = false;
      this.changed();
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.connectAgain(), 1000);
    };
  }

  // A browser keeps a page that was left for a while, and its stream: of six connections that it has to one host.
  disconnect() {
    this.source?.close();
  }

  async connectAgain() {
    const answer = await fetch("/api/graph").catch(() => null);
    if (answer?.status === 403) {
      this.about = {
        ...this.about,
        daemon: false,
        why: "This console was started again: open the address it has printed.",
      };
      this.changed();
      setTimeout(() => this.connectAgain(), 5000);
    } else this.connect();
  }

  begun(about) {
    const again = this.about.epoch > 0 && about.daemon;
    this.history.reset();
    this.past = { index: -1, state: null };
    this.snapshot = null;
    this.wanted.clear();
    this.cursor = null;
    this.met(about);
    if (again) toast("Another daemon answers: all is new from here on.");
  }

  // One life of the program: another one begins with another epoch, with an upgrade in place, and with each change.
  get life() {
    return `${this.about.epoch}.${this.about.program}.${this.changes}`;
  }

  met(about) {
    const upgraded = about.epoch === this.about.epoch && about.program !== this.about.program;
    this.about = about;
    if (about.daemon && about.text) this.text.load();
    this.confirmation.ask();
    if (about.daemon && (upgraded || !this.history.ready)) this.loadStatus();
    if (upgraded && about.daemon) toast(`The daemon was upgraded in place: it is version ${about.version} now.`);
    this.changed();
  }

  heard(events) {
    const looked = this.cursor === null ? null : this.history.events[this.cursor];
    const forgotten = this.history.forgotten;
    const gap = this.history.add(events);
    if (looked && this.history.forgotten !== forgotten) {
      this.cursor = Math.max(0, this.cursor - (this.history.forgotten - forgotten));
      this.past.index = -1;
    }
    const changed = events.some((event) => event.kind === "program" && event.what === "changed");
    if (changed) {
      this.changes++;
      if (this.about.text) this.text.load();
    }
    if (gap || changed) this.loadStatus();
    if (gap || events.some((event) => event.kind === "program" || event.kind === "control")) this.confirmation.ask();
    this.useSnapshot();
    this.changed();
  }

  async loadStatus() {
    const told = await this.get("status", {}, true);
    if (told && told.epoch === this.about.epoch) {
      this.snapshot = told;
      this.useSnapshot();
    } else if (this.about.daemon) setTimeout(() => this.loadStatus(), 500);
  }

  // A snapshot can be used when all events before it are known.
  useSnapshot() {
    if (!this.snapshot || this.history.last < this.snapshot.seq) return;
    const { processes, seq } = this.snapshot;
    this.snapshot = null;
    this.history.stand(processes, seq);
    this.past.index = -1;
    this.changed();
  }

  // Ask again how a process that is shown is, if events do not tell all of it.
  want(process) {
    if (!process || this.cursor !== null || !this.about.daemon || isWhole(process)) return;
    const { path } = process;
    const now = performance.now();
    const asked = this.wanted.get(path);
    if (asked && (asked.process === process || now - asked.at < AGAIN_MS)) {
      if (asked.process !== process && !asked.later) asked.later = setTimeout(() => this.changed(), AGAIN_MS);
      return;
    }
    this.wanted.set(path, { process, at: now });
    this.get("status", { process: path }, true).then((told) => {
      const usable = told && told.epoch === this.about.epoch && told.seq <= this.history.last + 50;
      if (usable && told.processes.every((one) => this.history.correctOne(one, told.seq))) {
        const known = this.history.state.get(path);
        if (known) this.wanted.set(path, { process: known, at: now });
        this.changed();
      } else {
        this.wanted.set(path, { process: null, at: now });
        setTimeout(() => this.changed(), told ? AGAIN_MS : LATER_MS);
      }
    });
  }

  // ---- questions and wishes

  async get(path, given = {}, quiet = false) {
    return this.fetched(`/api/${path}?${new URLSearchParams(given)}`, {}, quiet);
  }

  async act(path, given, done) {
    const answer = await this.fetched(`/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(given),
    });
    if (answer) toast(done);
    return answer;
  }

  // Ask a verb, with POST if it is given anything, and return whatever comes of it: whether the daemon was reached at
  // all, whether it has done so, the answer, what is wrong in words, and what else was said of that.
  async send(path, given, patience_ms = 0) {
    const signal = patience_ms ? AbortSignal.timeout(patience_ms) : undefined;
    const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given) };
    try {
      const answer = await fetchedAt(`/api/${path}`, given ? { ...post, signal } : { signal });
      const body = await answer.json();
      const { error = "", text = "", parameters = {} } = answer.ok ? {} : body;
      const reached = error !== "NoDaemon" && error !== "NoAnswer";
      return { reached, ok: answer.ok, body, error, text, parameters };
    } catch {
      return { reached: false, ok: false, body: {}, error: "", text: "the console does not answer", parameters: {} };
    }
  }

  complain(text) {
    toast(text, true);
  }

  async fetched(url, how, quiet = false) {
    try {
      const answer = await fetchedAt(url, how);
      const type = answer.headers.get("content-type") ?? "";
      const body = type.includes("json") ? await answer.json() : { text: await answer.text() };
      if (answer.ok) return body;
      if (!quiet) toast(body.text ?? `the console answers ${answer.status}`, true);
      return null;
    } catch {
      if (!quiet) toast("the console does not answer", true);
      return null;
    }
  }
}

// Ask, and ask again if the network changed meanwhile, which ends what is being asked; what acts is asked once.
async function fetchedAt(url, how) {
  for (let tries = how.method === "POST" ? 3 : 0; ; tries++) {
    try {
      return await fetch(url, how);
    } catch (error) {
      if (tries >= 3 || how.signal?.aborted) throw error;
      await new Promise((done) => setTimeout(done, 60 * (tries + 1)));
    }
  }
}
