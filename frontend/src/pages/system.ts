import "../charts/chart";
import "../components/run/chart-table";
import "../components/system/gpus";
import "../components/system/health";
import "../components/system/machine";
import { currentResources, type ResourceRecord, recentResources } from "../api/resources";
import type { Chart } from "../charts/chart";
import type { ChartData, Line } from "../charts/data";
import type { Gpus } from "../components/system/gpus";
import { TIME_STEPS } from "../format/time";

const EVERY_MILLISECONDS = 2000;
/** Ten minutes of samples at one per second. */
const MAX_READINGS = 600;

let readings: ResourceRecord[] = [];
let failure = "";

function chartData(
  range: [number, number] | undefined,
  lines: Omit<Line, "y">[],
  read: (at: ResourceRecord) => number[],
): ChartData {
  const now = Date.parse(readings.at(-1)?.timestamp ?? "");
  const columns = readings.map(read);
  return {
    x: readings.map((reading) => (Date.parse(reading.timestamp) - now) / 1000),
    lines: lines.map((line, index) => ({ ...line, y: columns.map((column) => column[index]!) })),
    formatX: (x) => (x > -1 ? "now" : `${Math.round(-x)} s ago`),
    stepsX: TIME_STEPS,
    ...(range ? { range } : {}),
  };
}

function draw(): void {
  const note = failure ? "The monitor does not answer. Trying again…" : "Reading…";
  const host = document.querySelector<Chart>("#chart-host")!;
  host.note = note;
  host.stale = failure !== "";
  host.follow = true;
  host.data = chartData(
    [0, 100],
    [
      { key: "cpu", label: "CPU", color: "--series-1" },
      { key: "memory", label: "RAM", color: "--series-2", dash: [6, 3] },
    ],
    (at) => [at.cpu_percent, (100 * at.ram_used_gb) / at.ram_total_gb],
  );
  const network = document.querySelector<Chart>("#chart-network")!;
  network.note = note;
  network.stale = failure !== "";
  network.follow = true;
  network.data = chartData(
    undefined,
    [
      { key: "in", label: "in", color: "--series-1" },
      { key: "out", label: "out", color: "--series-2", dash: [6, 3] },
    ],
    (at) => [at.network_in_mbps, at.network_out_mbps],
  );
  const gpus = document.querySelector<Gpus>("pb-gpus")!;
  gpus.loaded = readings.length > 0;
  gpus.gpus = readings.at(-1)?.gpus ?? [];
}

async function load(): Promise<void> {
  if (document.hidden) return;
  try {
    const news = readings.length ? [await currentResources()] : await recentResources(MAX_READINGS);
    const last = readings.at(-1)?.timestamp ?? "";
    readings = [...readings, ...news.filter((reading) => reading.timestamp > last)].slice(-MAX_READINGS);
    failure = "";
  } catch (error) {
    failure = (error as Error).message;
  }
  draw();
}

draw();
await load();
setInterval(() => void load(), EVERY_MILLISECONDS);
