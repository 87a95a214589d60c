// Reads streams of events, one a line, and answers with what stands after each event, by the page's rules.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const text = readFileSync(process.argv[2], "utf8");
const { apply } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

function shown({ path, state, parent, floors }) {
  const begun = floors.filter((floor) => floor.state !== "gone" || floor.error);
  return [
    path,
    state,
    parent,
    begun.map(({ statement, state, since, values, waits, trouble, processes, error }) => [
      statement,
      state,
      since,
      Object.entries(values ?? {}).sort(),
      waits,
      trouble,
      processes,
      error,
    ]),
  ];
}

for await (const line of createInterface({ input: process.stdin })) {
  const state = new Map();
  const stood = JSON.parse(line).map((event) => {
    apply(state, event, new Map());
    return [...state.values()].map(shown).sort();
  });
  console.log(JSON.stringify(stood));
}
