// Where the nodes of a graph stand: who is needed below who needs it; connected parts side by side.

export const NODE = { width: 188, height: 64 };
const GAP = { x: 34, y: 74, part: 40 };

// nodes: ids; edges: {from, to}.  Returns {places: Map id -> {x, y}, width, height}.
export function layOut(nodes, edges, wish) {
  const known = new Set(nodes);
  const down = new Map(nodes.map((id) => [id, []])); // what it needs
  const up = new Map(nodes.map((id) => [id, []])); // who needs it
  for (const { from, to } of edges) {
    if (from === to || !known.has(from) || !known.has(to) || down.get(from).includes(to)) continue;
    down.get(from).push(to);
    up.get(to).push(from);
  }
  const parts = partsOf(nodes, down, up).map((part) => layOutPart(part, down, up, wish));
  return pack(parts, wish);
}

function partsOf(nodes, down, up) {
  const seen = new Set();
  const parts = [];
  for (const start of nodes) {
    if (seen.has(start)) continue;
    const part = [];
    const waiting = [start];
    seen.add(start);
    while (waiting.length) {
      const id = waiting.pop();
      part.push(id);
      for (const next of [...down.get(id), ...up.get(id)])
        if (!seen.has(next)) {
          seen.add(next);
          waiting.push(next);
        }
    }
    parts.push(nodes.filter((id) => part.includes(id)));
  }
  return parts.sort((a, b) => b.length - a.length);
}

function layOutPart(part, down, up, wish) {
  const level = new Map();
  const open = new Set();
  const levelOf = (id) => {
    if (level.has(id)) return level.get(id);
    if (open.has(id)) return 0; // they need each other
    open.add(id);
    const found = 1 + Math.max(-1, ...down.get(id).map(levelOf));
    open.delete(id);
    level.set(id, found);
    return found;
  };
  part.forEach(levelOf);
  const rows = [];
  for (const id of part) (rows[level.get(id)] ??= []).push(id);
  const place = new Map();
  const setPlaces = (row) => row.forEach((id, i) => place.set(id, i - (row.length - 1) / 2));
  rows.forEach(setPlaces);
  for (let sweep = 0; sweep < 6; sweep++) {
    const side = sweep % 2 ? up : down;
    const order = sweep % 2 ? rows.slice().reverse() : rows;
    for (const row of order) {
      const wish = new Map(
        row.map((id) => [
          id,
          mean(
            side.get(id).map((other) => place.get(other)),
            place.get(id),
          ),
        ]),
      );
      row.sort((a, b) => wish.get(a) - wish.get(b));
      setPlaces(row);
    }
  }
  const most = Math.max(2, Math.floor((wish + GAP.x) / (NODE.width + GAP.x)));
  const shown = rows.flatMap((row) => inRows(row, most));
  shown.forEach(setPlaces);
  const widest = Math.max(...shown.map((row) => row.length));
  const width = widest * (NODE.width + GAP.x) - GAP.x;
  const height = shown.length * (NODE.height + GAP.y) - GAP.y;
  const places = new Map();
  shown.forEach((row, i) => {
    for (const id of row)
      places.set(id, {
        x: width / 2 + place.get(id) * (NODE.width + GAP.x) - NODE.width / 2,
        y: height - NODE.height - i * (NODE.height + GAP.y),
      });
  });
  return { places, width, height };
}

// A level that is too wide for the screen goes on in further rows, as even as they can be.
function inRows(row, most) {
  const count = Math.ceil(row.length / most);
  const each = Math.ceil(row.length / count);
  return Array.from({ length: count }, (_, i) => row.slice(i * each, (i + 1) * each)).filter((part) => part.length);
}

function mean(numbers, otherwise) {
  return numbers.length ? numbers.reduce((a, b) => a + b, 0) / numbers.length : otherwise;
}

function pack(parts, wish) {
  const places = new Map();
  let x = 0,
    y = 0,
    tall = 0,
    width = 0;
  for (const part of parts) {
    if (x > 0 && x + part.width > wish) {
      x = 0;
      y += tall + GAP.part;
      tall = 0;
    }
    for (const [id, at] of part.places) places.set(id, { x: at.x + x, y: at.y + y });
    width = Math.max(width, x + part.width);
    x += part.width + GAP.part;
    tall = Math.max(tall, part.height);
  }
  return { places, width, height: y + tall };
}
