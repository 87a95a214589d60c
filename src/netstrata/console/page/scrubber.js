// The dock: all that happened as one band, and the moment that is looked at.  Every event has the same room, so that a
// quiet night takes none; long pauses are marked.

import { button, h, setText } from "./dom.js";
import { ago, clock, placeOf, tellEvent } from "./words.js";

const PAUSE_S = 5;

export class Scrubber {
  constructor(app, element) {
    this.app = app;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.knob = h("div", { cls: "knob" });
    this.band = h(
      "div",
      { cls: "band", role: "slider", tabindex: "0", "aria-label": "Moment that is looked at", "aria-valuemin": "0" },
      this.canvas,
      this.knob,
    );
    this.told = h("div", { cls: "moment-told" });
    this.live = h(
      "button",
      { type: "button", cls: "live", "data-act": "live", title: "Back to now (Esc)", onclick: () => app.look(null) },
      h("i"),
      h("span", {}, "live"),
    );
    element.append(
      h(
        "div",
        { cls: "steps" },
        button("back", "One event back (←; with Shift one burst)", (e) => app.stepBy(-1, e.shiftKey), {
          "data-act": "back",
        }),
        button("forward", "One event on (→)", (e) => app.stepBy(1, e.shiftKey), { "data-act": "forward" }),
      ),
      this.band,
      this.told,
      this.live,
    );
    this.band.addEventListener("pointerdown", (event) => this.drag(event));
    this.band.addEventListener("pointermove", (event) => event.buttons && this.drag(event));
    new ResizeObserver(() => {
      this.drawn = -1;
      app.changed();
    }).observe(this.band);
    this.drawn = -1;
  }

  drag(event) {
    const box = this.band.getBoundingClientRect();
    const { length } = this.app.history.events;
    const at = Math.round(((event.clientX - box.left) / box.width) * length);
    this.app.look(at >= length ? null : at);
    this.band.setPointerCapture(event.pointerId);
  }

  update() {
    const { app } = this;
    const { events } = app.history;
    const past = app.cursor !== null;
    document.body.classList.toggle("past", past);
    const at = past ? (app.cursor + 0.5) / events.length : 1;
    this.knob.style.left = `${at * 100}%`;
    this.band.setAttribute("aria-valuemax", events.length);
    this.band.setAttribute("aria-valuenow", app.cursor ?? events.length);
    const event = past ? events[app.cursor] : events[events.length - 1];
    const text = event ? `${placeOf(event)} ${tellEvent(event)}`.trim() : "nothing has happened yet";
    this.band.setAttribute("aria-valuetext", past ? `${clock(event.time)} ${text}` : "now");
    this.told.replaceChildren(
      h("b", {}, event ? clock(event.time) : ""),
      h("span", {}, past ? `event ${event.seq} · ${ago(Date.now() / 1000 - event.time)} ago` : ""),
      h("span", { cls: "text" }, text),
    );
    setText(this.live.lastChild, past ? "back to now" : app.about.daemon ? "live" : "no daemon");
    this.live.classList.toggle("on", !past && app.connected && app.about.daemon);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const key = events.length + app.history.forgotten + (dark ? 0.5 : 0);
    if (this.drawn !== key && (!this.at || performance.now() - this.at > 150 || events.length < 2000)) {
      this.drawn = key;
      this.at = performance.now();
      this.draw(events);
    } else if (this.drawn !== key) setTimeout(() => app.changed(), 150);
  }

  draw(events) {
    const width = this.band.clientWidth;
    const height = this.band.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(
      ["up", "down", "dying", "failed", "gone", "line", "muted", "brand"].map((name) => [
        name,
        resolved(this.band, style, name),
      ]),
    );
    const slots = Math.max(1, Math.min(events.length, Math.floor(width / 3)));
    const per = events.length / slots;
    const wide = width / slots;
    for (let slot = 0; slot < slots; slot++) {
      const from = Math.floor(slot * per);
      const to = Math.max(from + 1, Math.floor((slot + 1) * per));
      const counts = { up: 0, down: 0, dying: 0, failed: 0, brand: 0, gone: 0 };
      let pause = 0;
      for (let i = from; i < to && i < events.length; i++) {
        counts[colourOf(events[i])]++;
        if (i > 0) pause = Math.max(pause, events[i].time - events[i - 1].time);
      }
      let y = height - 2;
      const unit = (height - 8) / Math.max(1, per);
      for (const [name, count] of Object.entries(counts)) {
        if (!count) continue;
        pen.fillStyle = colours[name];
        const tall = Math.max(2, count * unit * (name === "gone" ? 0.45 : 0.85));
        pen.fillRect(slot * wide, y - tall, Math.max(1, wide - (wide > 3 ? 1 : 0.4)), tall);
        y -= tall;
      }
      if (pause > PAUSE_S) {
        pen.fillStyle = colours.line;
        pen.fillRect(slot * wide - 0.5, 0, 1, height);
        if (wide * slots > 400 && pause > 20) {
          pen.fillStyle = colours.muted;
          pen.font = "10px system-ui, sans-serif";
          pen.fillText(ago(pause), slot * wide + 3, 9);
        }
      }
    }
  }
}

function resolved(element, style, name) {
  const probe = h("i", { style: { color: `var(--${name})` } });
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

export function colourOf(event) {
  if (event.kind === "transition") return event.to;
  if (event.kind === "error" || event.kind === "gap") return "failed";
  return event.kind === "control" ? "brand" : "gone";
}

export { resolved };
