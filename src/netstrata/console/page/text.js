// The program's text, as far as it may be read: what a floor's statement was given.

export const HEADING = /^\s*(?:process|template)\s+(\w+)/;

export class Text {
  constructor(app) {
    this.app = app;
    this.files = new Map(); // name -> lines
    this.life = "";
    this.known = new Map(); // "file:line name" -> arguments
  }

  // Read it once for each daemon, upgrade and change.  Returns whether it may be read.
  async load() {
    if (this.life === this.app.life) return this.loading;
    this.life = this.app.life;
    this.files = new Map();
    this.known.clear();
    this.loading = this.app.get("source", {}, true).then((told) => {
      if (told)
        this.files = new Map(
          Object.entries(told.files).map(([name, text]) => [name, text.replace(/\n$/, "").split("\n")]),
        );
      this.app.changed();
      return Boolean(told);
    });
    return this.loading;
  }

  // The process or template that a line is part of, "" if that is not known.
  nameAt(file, line) {
    const lines = this.files.get(file) ?? [];
    for (let i = Math.min(line, lines.length) - 1; i >= 0; i--) {
      const found = lines[i].match(HEADING);
      if (found) return found[1];
    }
    return "";
  }

  // The name of the text that somebody has loaded in the place of a process, "" if nobody has.
  loadedFor(name, file) {
    return [...this.files.keys()].find((one) => one !== file && one.endsWith(` (${name})`)) ?? "";
  }

  argumentsOf(floor) {
    const key = `${floor.file}:${floor.line} ${floor.name}`;
    let found = this.known.get(key);
    if (found === undefined) {
      const lines = this.files.get(floor.file);
      if (!lines) return "";
      found = argumentsAt(lines, floor.line - 1, floor.name);
      this.known.set(key, found);
    }
    return found;
  }
}

// What stands between the parentheses after a name, in one line, at most some lines long.
function argumentsAt(lines, first, name) {
  const text = lines
    .slice(first, first + 12)
    .map((line) => line.trim())
    .join(" ");
  const start = text.indexOf(`${name}(`);
  if (start < 0) return "";
  let depth = 0,
    quoted = false;
  const from = start + name.length + 1;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "(" || c === "{" || c === "[") depth++;
    else if (c === ")" && depth === 0) return text.slice(from, i).trim();
    else if (c === ")" || c === "}" || c === "]") depth--;
  }
  return "";
}
