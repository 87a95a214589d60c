// What stands, now and at any moment that events tell of.
//
// A state is a Map from a process's path to the process; processes and floors are never changed, only replaced, so that
// who draws can compare them by identity, and a copy of a state costs one Map.  Every STEP events such a copy is kept.
// The first one comes from what the daemon says stands now, with all events undone: a floor was before its first event
// what that event says it came from.

import { apply, asGone, newFloor, newProcess, withoutHoles, withState } from "./reduce.js";

export const KEPT = 50_000;
const STEP = 400;

// What has become of a process, by the state that the daemon says it is in.
const WHAT = { complete: "complete", failed: "retrying", undone: "terminating", gone: "terminating" };

function readFloor(told) {
  return {
    ...newFloor(told.statement, told.name, told.file, told.line),
    state: told.state,
    since: told.since ?? 0,
    layer: told.layer ?? 0,
    label: told.label ?? "",
    values: told.values && Object.keys(told.values).length ? told.values : null,
    waits: told.waits ?? "",
    processes: told.processes ?? [],
  };
}

function readProcess(told) {
  const floors = told.floors.map(readFloor);
  const isPaused = told.state === "undoing" && !floors.some((floor) => floor.state === "dying");
  const process = newProcess(told.process, floors);
  return withState({ ...process, what: isPaused ? "paused" : (WHAT[told.state] ?? "created"), lights: told.lights ?? null });
}

// Say of each process which floor of which one runs it.
function withParents(processes) {
  for (const { path, floors } of [...processes.values()])
    for (const floor of floors)
      for (const below of floor.processes) {
        const child = processes.get(below);
        if (child) processes.set(below, { ...child, parent: path, at: floor.statement });
      }
  return processes;
}

export class History {
  constructor() {
    this.shapes = new Map(); // path -> floors as they are before they begin
    this.reset();
  }

  reset() {
    this.events = [];
    this.copies = []; // {index, state}: the state before the event of that index
    this.state = new Map(); // now
    this.forgotten = 0; // events that were let go of, or never seen
    this.ready = false;
    this.shapes.clear();
  }

  get last() {
    return this.events.length ? this.events[this.events.length - 1].seq : 0;
  }

  // Take events in.  Returns whether some before them are missing.
  add(events) {
    let gap = false;
    for (const event of events) {
      if (this.events.length && event.seq <= this.last) continue;
      if (this.events.length && event.seq !== this.last + 1) {
        const count = event.seq - this.last - 1;
        this.events.push({
          ...event,
          kind: "gap",
          process: "",
          statement: undefined,
          name: undefined,
          text: `${count} events were missed`,
          seq: event.seq - 1,
        });
        gap = true;
      }
      if (this.ready && !gap) this.step(this.state, event, this.events.length);
      this.events.push(event);
    }
    if (gap) this.ready = false;
    if (this.events.length > KEPT) this.forget(KEPT / 4);
    return gap;
  }

  step(state, event, index) {
    if (index % STEP === 0) this.keepCopy(index, state);
    apply(state, event, this.shapes);
  }

  keepCopy(index, state) {
    if (!this.copies.length || this.copies[this.copies.length - 1].index < index)
      this.copies.push({ index, state: new Map(state) });
  }

  forget(count) {
    const base = this.ready ? this.before(count) : null;
    this.events.splice(0, count);
    this.forgotten += count;
    this.copies = this.copies
      .filter((copy) => copy.index > count)
      .map((copy) => ({ index: copy.index - count, state: copy.state }));
    if (base) this.copies.unshift({ index: 0, state: base });
  }

  // Take in what stands, as the daemon told it when the last event was one of a number.
  stand(told, seq) {
    let from = 0;
    for (let i = this.events.length - 1; i >= 0; i--)
      if (this.events[i].kind === "gap" || this.events[i].kind === "program") {
        // What stood before is not known, or was of another text: it is as it was told then.
        from = i + 1;
        break;
      }
    const now = withParents(new Map(told.map((process) => [process.process, readProcess(process)])));
    for (const process of now.values()) this.shapes.set(process.path, process.floors.map(asGone));
    this.copies = this.copies.filter((copy) => copy.index < from);
    const state = undone(now, this.events, from);
    this.copies.push({ index: from, state: new Map(state) });
    for (let i = from; i < this.events.length; i++) this.step(state, this.events[i], i);
    this.state = state;
    this.ready = true;
    const others = this.changedAfter(seq);
    for (const process of now.values()) if (!others.has(process.path)) this.correct(process, seq);
  }

  // The processes that have had another text since the event of a number: what was told then is of the old one.
  changedAfter(seq) {
    const paths = new Set();
    for (let i = this.events.length - 1; i >= 0 && this.events[i].seq > seq; i--) {
      const { kind, what, process } = this.events[i];
      if (kind === "process" && (what === "changed" || what === "created")) paths.add(process);
    }
    return paths;
  }

  // Take in what the daemon says of one process, where no later event says otherwise.
  correct(process, seq) {
    const known = this.state.get(process.path);
    if (!known) {
      if (seq >= this.last) this.state.set(process.path, process);
      return;
    }
    const floors = process.floors.map((floor, i) => {
      const old = known.floors[i];
      if (!old || old.state === floor.state)
        return { ...floor, error: floor.state === "gone" ? (old?.error ?? "") : "" };
      return { ...old, name: floor.name, label: floor.label, layer: old.layer || floor.layer };
    });
    const what = seq >= this.last ? process.what : known.what;
    this.state.set(process.path, withState({ ...known, what, floors, lights: process.lights, partial: false }));
  }

  // Take in what the daemon says of one process; false if it has had another text since, so that it must be asked again.
  correctOne(told, seq) {
    const process = readProcess(told);
    if (this.changedAfter(seq).has(process.path)) return false;
    this.shapes.set(process.path, process.floors.map(asGone));
    this.correct(process, seq);
    return true;
  }

  // The state before the event of an index.
  before(index) {
    let low = 0;
    let high = this.copies.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.copies[middle].index <= index) low = middle;
      else high = middle - 1;
    }
    const copy = this.copies[low];
    if (!copy) return new Map();
    const state = new Map(copy.state);
    for (let i = copy.index; i < index; i++) apply(state, this.events[i], this.shapes);
    return state;
  }

  // The state after the event of an index.
  after(index) {
    return this.before(Math.min(index + 1, this.events.length));
  }
}

// Undo all events from an index on.
function undone(now, events, from) {
  const floors = new Map(); // path -> statement -> the first event
  const born = new Set();
  const seen = new Map(); // path -> its first event
  for (let i = from; i < events.length; i++) {
    const event = events[i];
    if (!event.process) continue;
    if (!seen.has(event.process)) {
      seen.set(event.process, event);
      if (event.kind === "process" && event.what === "created") born.add(event.process);
    }
    if (event.kind !== "transition") continue;
    let first = floors.get(event.process);
    if (!first) floors.set(event.process, (first = new Map()));
    if (!first.has(event.statement)) first.set(event.statement, event);
  }
  const state = new Map();
  for (const [path, process] of now)
    if (!born.has(path)) state.set(path, before(process, floors.get(path), seen.get(path)));
  for (const [path, first] of floors) {
    if (now.has(path) || born.has(path)) continue;
    const floorList = [];
    for (const event of first.values())
      floorList[event.statement - 1] = newFloor(event.statement, event.name, event.file, event.line);
    state.set(path, before(newProcess(path, withoutHoles(floorList)), first, null));
  }
  return state;
}

function before(process, first, seen) {
  if (!first && !seen) return process;
  const floors = process.floors.map((floor) => {
    const event = first?.get(floor.statement);
    if (!event) return floor;
    return { ...asGone(floor), state: event.from, layer: event.layer ?? floor.layer };
  });
  return withState({ ...process, floors, what: floors.every((floor) => floor.state === "up") ? "complete" : "created" });
}

// Whether events have told all there is to know: else the daemon must be asked what a floor waits for, and what comes.
export function isWhole(process) {
  return (
    !process.partial &&
    process.floors.length > 0 &&
    process.floors.every((floor) => floor.name && (floor.state === "up" || floor.state === "gone" || floor.waits))
  );
}
