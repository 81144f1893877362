import { afterEach, describe, expect, it, vi } from "vitest";
import { emptyBuckets } from "../../src/charts/buckets";
import { type ChartData, inDrawingOrder } from "../../src/charts/data";
import { Baseline } from "../../src/run/baseline";
import { DEFAULT_VIEW } from "../../src/run/view";

const view = { ...DEFAULT_VIEW, smoothing: 0 };
const own: ChartData = {
  x: [1, 2],
  lines: [{ key: "train_loss", label: "train_loss", color: "--series-1", y: [4, 3], low: [3, 2], high: [5, 4] }],
  formatX: String,
};
const series = {
  ...emptyBuckets(),
  x: [2, 4],
  mean: [8, 6],
  min: [8, 6],
  max: [8, 6],
  count: [1, 1],
  epoch: [0.5, 1],
  time: [100, 130],
};

/** A baseline read from an answer of the monitor. */
async function chosen(): Promise<Baseline> {
  vi.stubGlobal("document", { documentElement: { dataset: { monitor: "http://monitor" } } });
  vi.stubGlobal("fetch", async () => Response.json({ series: { train_loss: series }, last_seq: 2 }));
  const baseline = new Baseline(100);
  await baseline.choose("job_1");
  return baseline;
}

afterEach(() => vi.unstubAllGlobals());

describe("Baseline", () => {
  it("lies behind the chart's own line on one x, grey and dashed", async () => {
    const { x, lines } = (await chosen()).behind(own, view, { metric: "train_loss" });
    expect(x).toEqual([1, 2, 4]);
    expect(lines[0]).toMatchObject({ label: "run", y: [4, 3, undefined], low: [3, 2, undefined] });
    expect(lines[1]).toMatchObject({ label: "baseline", color: "--text-3", dash: [6, 4], y: [undefined, 8, 6] });
    expect(inDrawingOrder(lines).map(({ label }) => label)).toEqual(["baseline", "run"]);
  });

  it("starts at zero on the time axis", async () => {
    const model = (await chosen()).behind({ ...own, x: [0, 30] }, { ...view, axis: "time" }, { metric: "train_loss" });
    expect(model.lines[1]!.y).toEqual([8, 6]);
  });

  it("is smoothed as far as the page is", async () => {
    const smooth = (await chosen()).behind(own, { ...view, smoothing: 2 }, { metric: "train_loss", smoothed: true });
    expect(smooth.lines[1]!.y.at(-1)).toBeGreaterThan(6);
  });

  it("adds nothing where it has no such metric, or none is chosen", async () => {
    const baseline = await chosen();
    expect(baseline.behind(own, view, { metric: "grad_norm" })).toBe(own);
    await baseline.choose("");
    expect(baseline.behind(own, view, { metric: "train_loss" })).toBe(own);
  });
});
