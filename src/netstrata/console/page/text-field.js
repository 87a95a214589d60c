// A plain text field with numbers at its lines, and what is wrong at the end of the line that it is wrong in.

import { h, setText } from "./dom.js";

const LINE = 20; // pixels; editor.css has the same
const TAB = 4;

export class TextField {
  constructor(label, changed) {
    this.numbers = h("pre", { cls: "numbers", "aria-hidden": "true" });
    this.lenses = h("div", { cls: "lenses", "aria-hidden": "true" });
    this.list = h("ol", { cls: "mistakes", id: "mistakes", "aria-label": "What is wrong" });
    this.area = /** @type {HTMLTextAreaElement} */ (
      h("textarea", {
        wrap: "off",
        spellcheck: "false",
        autocapitalize: "off",
        autocomplete: "off",
        "aria-label": label,
        "aria-describedby": "mistakes",
        oninput: () => {
          this.count();
          changed();
        },
        onscroll: () => this.scrolled(),
      })
    );
    this.element = h(
      "div",
      { cls: "field-of-text" },
      h("div", { cls: "lines" }, this.numbers, h("div", { cls: "paper" }, this.area, this.lenses)),
      this.list,
    );
    this.mistakes = [];
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    if (this.area.value !== text) this.area.value = text;
    this.count();
  }

  count() {
    const count = this.text.split("\n").length;
    if (count !== this.counted) setText(this.numbers, Array.from({ length: count }, (_, i) => i + 1).join("\n"));
    this.counted = count;
  }

  scrolled() {
    this.numbers.scrollTop = this.area.scrollTop;
    this.lenses.style.transform = `translate(${-this.area.scrollLeft}px, ${-this.area.scrollTop}px)`;
  }

  show(mistakes) {
    this.mistakes = mistakes;
    const lines = this.text.split("\n");
    this.lenses.replaceChildren(
      ...mistakes
        .filter(({ line }) => line)
        .map(({ line, text }) =>
          h(
            "div",
            { cls: "lens", "data-line": line, style: { top: `${(line - 1) * LINE}px` } },
            h("span", { style: { "margin-left": `${widthOf(lines[line - 1] ?? "") + 2}ch` } }, text),
          ),
        ),
    );
    this.list.replaceChildren(
      ...mistakes.map((mistake) =>
        h(
          "li",
          {},
          mistake.line
            ? h(
                "button",
                { type: "button", cls: "moment", onclick: () => this.goTo(mistake) },
                `line ${mistake.line}, column ${mistake.column}`,
              )
            : null,
          ` ${mistake.text}`,
          mistake.hint && h("em", {}, ` ${mistake.hint}`),
        ),
      ),
    );
    if (mistakes.length) this.area.setAttribute("aria-invalid", "true");
    else this.area.removeAttribute("aria-invalid");
  }

  // Columns are in bytes.
  goTo({ line, column }) {
    const lines = this.text.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const bytes = new TextEncoder().encode(lines[line - 1] ?? "").slice(0, column - 1);
    const at = before + new TextDecoder().decode(bytes).length;
    this.area.focus();
    this.area.setSelectionRange(at, at);
    this.area.scrollTop = Math.max(0, (line - 5) * LINE);
  }
}

function widthOf(text) {
  let width = 0;
  for (const c of text) width += c === "\t" ? TAB - (width % TAB) : 1;
  return width;
}
