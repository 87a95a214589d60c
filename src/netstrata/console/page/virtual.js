// A list of any length of which only what is seen is made: rows of one height, reused as it scrolls.

import { h, soon } from "./dom.js";

const TALLEST = 8_000_000; // pixels; browsers forget how to count beyond some more

export class VirtualList {
  // make() returns a new row; show(row, index) fills it; who follows stays at the end as long as nobody scrolls away.
  constructor({ height, make, show, role = "list", label = "", cls = "", follows = false }) {
    this.height = height;
    this.make = make;
    this.show = show;
    this.count = 0;
    this.rows = new Map();
    this.spare = [];
    this.inner = h("div", { cls: "rows", role: "presentation" });
    this.element = h(
      "div",
      { cls: `virtual ${cls}`, role, "aria-label": label, tabindex: "0", onscroll: () => soon(this.draw) },
      this.inner,
    );
    this.stuck = follows; // to the end
    this.element.addEventListener("scroll", () => {
      this.stuck =
        follows && this.element.scrollTop + this.element.clientHeight >= this.element.scrollHeight - this.height;
    });
    this.draw = this.draw.bind(this);
    new ResizeObserver(() => soon(this.draw)).observe(this.element);
  }

  resize(count, height = this.height) {
    const stuck = this.stuck;
    this.count = count;
    this.height = height;
    this.inner.style.height = `${Math.min(TALLEST, count * height)}px`;
    if (stuck) this.toEnd();
    soon(this.draw);
  }

  get factor() {
    return Math.max(1, (this.count * this.height) / TALLEST);
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  reveal(index) {
    const top = (index * this.height) / this.factor;
    const seen = this.element.clientHeight;
    if (top < this.element.scrollTop || top + this.height > this.element.scrollTop + seen)
      this.element.scrollTop = top - seen / 2;
  }

  draw() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor((scrollTop * this.factor) / this.height) - 4);
    const last = Math.min(this.count - 1, first + Math.ceil(clientHeight / this.height) + 8);
    for (const [index, row] of this.rows) {
      if (index < first || index > last) {
        this.rows.delete(index);
        this.spare.push(row);
      }
    }
    const shift = this.factor === 1 ? 0 : scrollTop - Math.floor((scrollTop * this.factor) / this.height) * this.height;
    for (let index = first; index <= last; index++) {
      let row = this.rows.get(index);
      if (!row) {
        row = this.spare.pop() ?? this.make();
        if (row.parentNode !== this.inner) this.inner.append(row);
        row.hidden = false;
        this.rows.set(index, row);
      }
      row.style.transform = `translateY(${this.factor === 1 ? index * this.height : shift + index * this.height}px)`;
      row.setAttribute("aria-posinset", index + 1);
      row.setAttribute("aria-setsize", this.count);
      this.show(row, index);
    }
    for (const row of this.spare) row.hidden = true;
  }
}
