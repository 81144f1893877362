/** Canvas marks: pauses, epoch ends, values that are not finite, the best value, the newest point. */
import type uPlot from "uplot";
import { figure } from "../format/number";
import { indexOfMinimum } from "./buckets";
import type { ChartData, Line } from "./data";
import type { Palette } from "./palette";

export interface MarkContext {
  data: ChartData;
  palette: Palette;
  hidden: ReadonlySet<string>;
  digits: number;
  font: string;
}

/** Draws what is under the lines. */
export function drawBackground(plot: uPlot, { data, palette }: MarkContext): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = palette.color("--text-3", 0.1);
  for (const [from, to] of data.pauses ?? []) {
    const start = plot.valToPos(from, "x", true);
    ctx.fillRect(start, top, Math.max(2, plot.valToPos(to, "x", true) - start), height);
  }
  ctx.strokeStyle = palette.color("--border-control", 0.55);
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const epoch of data.epochs ?? []) {
    const x = Math.round(plot.valToPos(epoch, "x", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Draws what is over the lines; `head` is the line whose newest point is marked. */
export function drawForeground(plot: uPlot, context: MarkContext, head: Line | undefined): void {
  plot.ctx.save();
  drawNonfinite(plot, context);
  for (const line of context.data.lines) {
    if (line.best && !context.hidden.has(line.key)) drawBest(plot, context, line);
  }
  if (head && !context.hidden.has(head.key)) drawHead(plot, context, head);
  plot.ctx.restore();
}

function drawNonfinite(plot: uPlot, { data, palette }: MarkContext): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const unit = devicePixelRatio;
  ctx.fillStyle = palette.color("--err");
  let previous = Number.NEGATIVE_INFINITY;
  for (const value of data.nonfinite ?? []) {
    const x = plot.valToPos(value, "x", true);
    if (x < left || x > left + width || x - previous < 4 * unit) continue;
    previous = x;
    ctx.beginPath();
    ctx.moveTo(x - 4 * unit, top + height);
    ctx.lineTo(x + 4 * unit, top + height);
    ctx.lineTo(x, top + height - 7 * unit);
    ctx.fill();
  }
}

function drawBest(plot: uPlot, { data, palette, digits, font }: MarkContext, line: Line): void {
  const index = indexOfMinimum(line.y);
  // The best of one value says nothing.
  if (index < 0 || line.y.filter((value) => value != null).length < 2) return;
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const unit = devicePixelRatio;
  const x = plot.valToPos(data.x[index]!, "x", true);
  const y = plot.valToPos(line.y[index]!, "y", true);
  if (x < left || x > left + width || y < top || y > top + height) return;
  ctx.strokeStyle = palette.color(line.color);
  ctx.fillStyle = palette.color("--surface");
  ctx.lineWidth = 2 * unit;
  ctx.beginPath();
  ctx.arc(x, y, 5 * unit, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  const text = `best ${figure(line.y[index]!, digits)}`;
  ctx.font = `600 ${11 * unit}px ${font}`;
  const size = ctx.measureText(text).width;
  const overflows = x + size / 2 + 6 * unit > left + width;
  const textLeft = overflows ? left + width - size - 6 * unit : Math.max(left + 4 * unit, x - size / 2);
  const textTop = y - 26 * unit < top ? y + 10 * unit : y - 24 * unit;
  ctx.fillStyle = palette.color("--surface", 0.88);
  ctx.fillRect(textLeft - 3 * unit, textTop - unit, size + 6 * unit, 15 * unit);
  ctx.fillStyle = palette.color("--text");
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.fillText(text, textLeft, textTop + unit);
}

function drawHead(plot: uPlot, { data, palette }: MarkContext, line: Line): void {
  let index = line.y.length - 1;
  while (index > 0 && line.y[index] == null) index -= 1;
  const value = line.y[index];
  if (value == null) return;
  const { ctx } = plot;
  const unit = devicePixelRatio;
  const x = plot.valToPos(data.x[index]!, "x", true);
  const y = plot.valToPos(value, "y", true);
  const { left, top, width, height } = plot.bbox;
  if (x > left + width + 1 || x < left || y < top || y > top + height) return;
  for (const [radius, alpha] of [
    [7, 0.25],
    [3, 1],
  ] as const) {
    ctx.fillStyle = palette.color(line.color, alpha);
    ctx.beginPath();
    ctx.arc(x, y, radius * unit, 0, 2 * Math.PI);
    ctx.fill();
  }
}
