// A plot of the last minutes: filled lines over time, with a scale that is a round number.

import { h } from "./dom.js";
import { resolved } from "./scrubber.js";

export class Plot {
  // lines: [{key, colour}]; tell turns a number into text; most is a fixed top, or 0; least the lowest.
  constructor({ lines, tell, most = 0, least = 1, seconds = 120, label }) {
    this.lines = lines;
    this.tell = tell;
    this.most = most;
    this.least = least;
    this.seconds = seconds;
    this.canvas = h("canvas", { cls: "plot", role: "img", "aria-label": label });
  }

  draw(points, now) {
    const { canvas } = this;
    const width = canvas.clientWidth,
      height = canvas.clientHeight;
    if (!width) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const colour = (name) => resolved(canvas.parentElement, style, name);
    const highest =
      this.most ||
      round(Math.max(this.least, ...points.flatMap((point) => this.lines.map((line) => point[line.key] ?? 0))));
    const x = (time) => width - ((now - time) / this.seconds) * width;
    const y = (value) => height - 14 - (value / highest) * (height - 28);
    pen.strokeStyle = colour("line");
    pen.fillStyle = colour("muted");
    pen.font = "10px system-ui, sans-serif";
    pen.lineWidth = 1;
    for (const part of [0, 0.5, 1]) {
      pen.beginPath();
      pen.moveTo(0, Math.round(y(highest * part)) + 0.5);
      pen.lineTo(width, Math.round(y(highest * part)) + 0.5);
      pen.stroke();
    }
    pen.fillText(this.tell(highest), 2, 10);
    for (let back = 0; back < this.seconds; back += 30)
      pen.fillText(back ? `−${back} s` : "", x(now - back) - 12, height - 3);
    for (const line of this.lines) {
      const drawn = points.filter(
        (point) => point[line.key] !== undefined && point[line.key] !== null && now - point.time < this.seconds + 2,
      );
      if (drawn.length < 2) continue;
      pen.beginPath();
      drawn.forEach((point, i) =>
        i ? pen.lineTo(x(point.time), y(point[line.key])) : pen.moveTo(x(point.time), y(point[line.key])),
      );
      pen.strokeStyle = pen.fillStyle = colour(line.colour);
      pen.lineWidth = 1.8;
      pen.lineJoin = "round";
      pen.stroke();
      pen.lineTo(x(drawn[drawn.length - 1].time), y(0));
      pen.lineTo(x(drawn[0].time), y(0));
      pen.globalAlpha = 0.14;
      pen.fill();
      pen.globalAlpha = 1;
    }
  }
}

function round(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= number);
}
