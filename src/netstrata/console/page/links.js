// The links: what each is like, how good, and what goes through, asked each second while this is shown.

import { h, setClass, setText } from "./dom.js";
import { Plot } from "./plot.js";
import { bytes } from "./words.js";

const EACH_MS = 1000;
const KEPT = 130;

export class Links {
  constructor(app) {
    this.app = app;
    this.cards = new Map();
    this.wall = h("div", { cls: "wall links" });
    this.told = h("p", { cls: "summary", role: "status" });
    this.element = h("div", { cls: "view of-now" }, h("div", { cls: "bar" }, this.told), this.wall);
  }

  show() {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.ask(), EACH_MS);
    this.ask();
  }

  hide() {
    clearInterval(this.timer);
  }

  update() {}

  async ask() {
    if (document.visibilityState !== "visible" || this.asking || !this.app.about.daemon) return;
    this.asking = true;
    const told = await this.app.get("links", {}, true);
    this.asking = false;
    if (told) this.take(told.links);
    else if (!this.app.knows("Links")) setText(this.told, "This daemon does not tell of links yet.");
  }

  take(links, now = performance.now() / 1000) {
    const names = new Set(links.map((link) => link.name));
    for (const [name, card] of this.cards) {
      if (names.has(name)) continue;
      card.element.remove();
      this.cards.delete(name);
    }
    const order = links.slice().sort((a, b) => rank(a) - rank(b));
    order.forEach((link, i) => {
      let card = this.cards.get(link.name);
      if (!card) this.cards.set(link.name, (card = new LinkCard(link.name)));
      if (this.wall.children[i] !== card.element) this.wall.insertBefore(card.element, this.wall.children[i] ?? null);
      card.take(link, now);
    });
    setText(this.told, `${links.length} links, ${links.filter((link) => link.carrier).length} with carrier`);
  }
}

function rank(link) {
  return (link.processes?.length ? 0 : 1e6) + (link.kind === "loopback" ? 1e7 : 0) + link.index;
}

class LinkCard {
  constructor(name) {
    this.points = [];
    this.parts = {
      kind: h("span", { cls: "told" }),
      rx: h("b"),
      tx: h("b"),
      facts: h("dl", { cls: "facts" }),
      users: h("div", { cls: "below" }),
      quality: h("b"),
    };
    this.traffic = new Plot({
      label: `Traffic of ${name}`,
      tell: (n) => bytes(n, "B/s"),
      least: 1000,
      lines: [
        { key: "rx", colour: "up" },
        { key: "tx", colour: "l1" },
      ],
    });
    this.quality = new Plot({
      label: `Quality of ${name}`,
      tell: (n) => `${n} %`,
      most: 100,
      lines: [{ key: "quality", colour: "l2" }],
    });
    this.radio = h(
      "div",
      { cls: "radio", hidden: true },
      h("p", { cls: "rates" }, h("span", { cls: "key l2" }, "quality "), this.parts.quality),
      this.quality.canvas,
    );
    this.element = h(
      "section",
      { cls: "card link", "aria-label": `Link ${name}` },
      h(
        "header",
        {},
        h("i", { cls: "dot" }),
        h("div", { cls: "title" }, h("span", { cls: "pname" }, name), this.parts.kind),
      ),
      h(
        "p",
        { cls: "rates" },
        h("span", { cls: "key up" }, "in "),
        this.parts.rx,
        h("span", { cls: "key l1" }, " out "),
        this.parts.tx,
      ),
      this.traffic.canvas,
      this.radio,
      this.parts.facts,
      this.parts.users,
    );
  }

  take(link, time) {
    const last = this.last;
    this.last = { link, time };
    const point = { time, quality: link.quality };
    if (last && time > last.time && link.rx_bytes >= last.link.rx_bytes) {
      point.rx = (link.rx_bytes - last.link.rx_bytes) / (time - last.time);
      point.tx = (link.tx_bytes - last.link.tx_bytes) / (time - last.time);
    }
    this.points.push(point);
    if (this.points.length > KEPT) this.points.shift();
    const how = !link.up ? "down" : link.carrier ? "up, with carrier" : "up, no carrier";
    setClass(this.element, `card link ${link.up ? (link.carrier ? "up" : "down") : "gone"}`);
    setText(this.parts.kind, `${link.kind} · ${how}`);
    setText(this.parts.rx, point.rx === undefined ? "…" : bytes(point.rx, "B/s"));
    setText(this.parts.tx, point.tx === undefined ? "…" : bytes(point.tx, "B/s"));
    this.radio.hidden = link.quality === null || link.quality === undefined;
    const { quality, signal_dbm: signal, ssid, bitrate_mbps: rate } = link;
    const told = [`${quality ?? 0} %`, signal && `${signal} dBm`, ssid, rate && `${rate} Mbit/s`];
    setText(this.parts.quality, told.filter(Boolean).join(" · "));
    this.showFacts(link);
    this.traffic.draw(this.points, time);
    if (!this.radio.hidden) this.quality.draw(this.points, time);
  }

  showFacts(link) {
    const errors = link.rx_errors + link.tx_errors,
      dropped = link.rx_dropped + link.tx_dropped;
    const facts = [
      ["speed", link.speed_mbps ? `${link.speed_mbps} Mbit/s${link.duplex ? ` ${link.duplex}` : ""}` : ""],
      ["MTU", link.mtu],
      ["MAC", link.mac ?? ""],
      ["received", `${bytes(link.rx_bytes)} in ${link.rx_packets.toLocaleString("en")} packets`],
      ["sent", `${bytes(link.tx_bytes)} in ${link.tx_packets.toLocaleString("en")} packets`],
      ["errors", errors ? String(errors) : ""],
      ["dropped", dropped ? String(dropped) : ""],
    ].filter(([, value]) => value !== "");
    const text = JSON.stringify(facts);
    if (this.factsText !== text) {
      this.factsText = text;
      this.parts.facts.replaceChildren(
        ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]),
      );
    }
    const users = (link.processes ?? []).join(" ");
    if (this.users === users) return;
    this.users = users;
    this.parts.users.replaceChildren(
      ...(users
        ? [
            h("span", { cls: "muted" }, "used by"),
            ...link.processes.map((path) =>
              h("a", { cls: "chip", href: `#/process/${encodeURIComponent(path)}` }, path),
            ),
          ]
        : []),
    );
  }
}
