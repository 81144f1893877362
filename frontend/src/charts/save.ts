/** Exports a chart as CSV and PNG. */
import type { ChartData } from "./data";

/** One row per x in full precision; a missing value is an empty cell. */
export function csvOf(data: ChartData): string {
  const rows = [["x", ...data.lines.map((line) => line.label)].map(quoted).join(",")];
  data.x.forEach((x, i) => {
    rows.push([x, ...data.lines.map((line) => line.y[i] ?? "")].join(","));
  });
  return `${rows.join("\n")}\n`;
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The plot as PNG, with its heading, on the background of the page. */
export function pictureOf(heading: string, plot: HTMLCanvasElement): Promise<Blob | null> {
  const style = getComputedStyle(document.body);
  const surface = getComputedStyle(plot.closest(".panel") ?? document.body).backgroundColor;
  const scale = devicePixelRatio || 1;
  const top = 34 * scale;
  const canvas = document.createElement("canvas");
  canvas.width = plot.width;
  canvas.height = plot.height + top;
  const context = canvas.getContext("2d")!;
  context.fillStyle = surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.color;
  context.font = `600 ${14 * scale}px ${style.fontFamily}`;
  context.fillText(heading, 12 * scale, 22 * scale);
  context.drawImage(plot, 0, top);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/** Downloads content as a file. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
