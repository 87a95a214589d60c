// What stands after an event: the rules of the daemon's pyramid/projection.py and standing.py once more, for the page
// goes to any moment of the past without asking.  tests/console/test_same_rules.py feeds both the same events.
//
// A state is a Map from a process's path to the process; processes and floors are never changed, only replaced.

const EMPTY = Object.freeze([]);

export function newFloor(statement, name = "", file = "", line = 0) {
  return {
    statement,
    name,
    file,
    line,
    state: "gone",
    since: 0,
    layer: 0,
    label: "",
    values: null,
    waits: "",
    trouble: "",
    processes: EMPTY,
    error: "",
  };
}

// What a floor is when nothing of it has begun.
export function asGone(floor) {
  return { ...floor, state: "gone", since: 0, values: null, waits: "", trouble: "", processes: EMPTY, error: "" };
}

// A process with its state, which follows from what has become of it and from its floors.
export function withState(process) {
  const { what, floors } = process;
  const is = (state) => floors.some((floor) => floor.state === state);
  let state = { complete: "complete", retrying: "failed" }[what] ?? "waiting";
  if (what === "terminating" || what === "gone") state = floors.some((floor) => floor.state !== "gone") ? "undone" : "gone";
  else if (what === "paused" || is("dying")) state = "undoing";
  return { ...process, state };
}

export function newProcess(path, floors = EMPTY, parent = "", at = 0, created = 0) {
  return withState({ path, what: "created", floors, parent, at, lights: null, created, partial: false });
}

// Make a state what it is after an event; shapes are the floors of processes that may come, by their paths.
export function apply(state, event, shapes) {
  if (event.kind === "program" && event.what !== "changed") state.clear(); // after an upgrade in place nothing stands of what was before
  if (!event.process || event.kind === "gap") return;
  const known = state.get(event.process);
  if (event.kind === "process") moveProcess(state, event, known, shapes);
  else if (event.statement) {
    const process = known ?? newProcess(event.process, shapes.get(event.process) ?? EMPTY, "", 0, event.time);
    state.set(event.process, moveFloor(process, event));
  }
}

function moveProcess(state, event, known, shapes) {
  const path = event.process;
  if (event.what === "created") {
    const { parent = "", at = 0 } = event;
    if (known) forget(state, known);
    state.set(path, newProcess(path, shapes.get(path) ?? EMPTY, state.has(parent) ? parent : "", at, event.time));
    hang(state, state.get(path), true);
  } else if (event.what === "removed" || (event.what === "gone" && known?.parent)) {
    if (known) forget(state, known);
  } else if (event.what === "changed") {
    if (known) state.set(path, withState({ ...known, what: "created", floors: existing(known.floors), partial: true }));
  } else if (known) state.set(path, withState({ ...known, what: event.what }));
}

// The floors up to the last that exists: of those above it another text may say something else.
function existing(floors) {
  return floors.slice(0, floors.findLastIndex((floor) => floor.state !== "gone") + 1);
}

function moveFloor(process, event) {
  const floors = process.floors.slice();
  const at = event.statement - 1;
  const place = { name: event.name, file: event.file ?? "", line: event.line };
  const old = { ...(floors[at] ?? newFloor(event.statement)), ...place };
  let what = process.what;
  let floor = old;
  if (event.kind === "transition") {
    const { to } = event;
    const goesOn = to === "dying" || old.state === "gone";
    if (what === "complete" || what === "retrying" || (what === "paused" && goesOn)) what = "created";
    floor = {
      ...old,
      state: to,
      since: to === "gone" ? 0 : event.time,
      layer: event.layer || old.layer,
      values: to === "up" ? (event.values ?? null) : null,
      waits: "",
      trouble: "",
      error: to === "up" || to === "down" ? "" : old.error,
    };
  }
  floors[at] = { ...floor, ...toldOf(event) };
  return withState({ ...process, floors: withoutHoles(floors), what });
}

// What an event says of its statement, whatever its kind.
function toldOf(event) {
  const told = {};
  if (event.waits !== undefined) told.waits = event.waits;
  if (event.trouble !== undefined) told.trouble = event.trouble;
  if (event.kind === "waits") told.waits = event.text ?? "";
  if (event.kind === "values") told.values = event.values ?? null;
  if (event.kind === "error") told.error = event.text ?? "failed";
  return told;
}

export function withoutHoles(floors) {
  for (let i = 0; i < floors.length; i++) floors[i] ??= newFloor(i + 1);
  return floors;
}

// Forget a process and all below it.
function forget(state, process) {
  hang(state, process, false);
  const waiting = [process];
  for (let one = waiting.pop(); one; one = waiting.pop()) {
    state.delete(one.path);
    for (const floor of one.floors) for (const path of floor.processes) if (state.has(path)) waiting.push(state.get(path));
  }
}

// Let the floor that runs a process know it, or forget it.
function hang(state, process, there) {
  const parent = state.get(process.parent);
  if (!parent) return;
  const floor = parent.floors[process.at - 1] ?? newFloor(process.at);
  const others = floor.processes.filter((one) => one !== process.path);
  const floors = parent.floors.slice();
  floors[process.at - 1] = { ...floor, processes: there ? [...others, process.path] : others };
  state.set(parent.path, { ...parent, floors: withoutHoles(floors) });
}
