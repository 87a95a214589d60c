// The lights of a process: for each layer, whether all of its floors are up, some are coming, or none is there.

export function lightsOf(process, state, depth = 0) {
  const found = [null, null, null, null, null];
  if (!process) return found;
  for (const floor of process.floors) {
    if (!floor.processes.length) {
      if (floor.layer) found[floor.layer] = joined(found[floor.layer], floor.state);
      continue;
    }
    if (depth > 6) continue;
    for (const path of floor.processes.slice(0, 50)) {
      const below = lightsOf(state.get(path), state, depth + 1);
      for (let layer = 1; layer < 5; layer++) if (below[layer]) found[layer] = joined(found[layer], below[layer]);
    }
  }
  return found;
}

function joined(before, state) {
  const light = state === "up" ? "up" : state === "gone" ? "down" : "coming";
  return before === null || before === light ? light : "coming";
}

// The floor that holds a process up: the first from the ground that is not up.
export function stuckAt(process) {
  return process.floors.find((floor) => floor.state !== "up") ?? null;
}

// How a process is, in a word: as the daemon says, but one that waits to be asked for is idle, and no trouble.
export function manner(process) {
  if (process.state !== "waiting") return process.state;
  const stuck = stuckAt(process);
  return stuck?.name === "on_request" && stuck.state === "down" ? "idle" : "waiting";
}

export function isRoot(process) {
  return !process.path.includes(".");
}
