// One process, whole: its pyramid, and those that its statements run.

import { h } from "./dom.js";
import { Pyramid } from "./pyramid.js";

const MOST = 30;

export class One {
  constructor(app) {
    this.app = app;
    this.cards = new Map();
    this.wall = h("div", { cls: "wall" });
    this.more = h("p", { cls: "muted" });
    this.crumbs = h("nav", { cls: "crumbs", "aria-label": "Where this process hangs" });
    this.element = h("div", { cls: "view" }, this.crumbs, this.wall, this.more);
  }

  show(path) {
    this.path = path;
    this.cards.clear();
    this.wall.replaceChildren();
    const parents = [];
    for (let at = path.indexOf("."); at > 0; at = path.indexOf(".", at + 1)) parents.push(path.slice(0, at));
    this.crumbs.replaceChildren(
      h("a", { href: "#/pyramids" }, "all"),
      ...parents
        .filter((one) => this.app.state.has(one))
        .flatMap((one) => [" › ", h("a", { href: `#/process/${encodeURIComponent(one)}` }, one)]),
      " › ",
      path,
    );
  }

  update() {
    const { state } = this.app;
    const process = state.get(this.path);
    const children = process
      ? process.floors.flatMap((floor) => floor.processes).filter((path) => state.has(path))
      : [];
    const paths = [this.path, ...children.slice(0, MOST)];
    for (const [path, card] of this.cards)
      if (!paths.includes(path)) {
        card.element.remove();
        this.cards.delete(path);
      }
    paths.forEach((path, i) => {
      let card = this.cards.get(path);
      if (!card) this.cards.set(path, (card = new Pyramid(this.app, path)));
      if (this.wall.children[i] !== card.element) this.wall.insertBefore(card.element, this.wall.children[i] ?? null);
      card.show(state.get(path));
    });
    this.more.textContent =
      children.length > MOST ? `and ${children.length - MOST} more, which the list of pyramids has` : "";
  }
}
