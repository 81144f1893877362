// Against running services: PEGBOX_URL, PEGBOX_MONITOR_URL and PEGBOX_TOKEN say where and how.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, type Metrics, PegboxError, type StreamOptions } from "@pegbox/sdk";

const baseUrl = process.env.PEGBOX_URL;
const monitor = process.env.PEGBOX_MONITOR_URL;
const apiKey = process.env.PEGBOX_TOKEN;
const client = new Client({ baseUrl, apiKey });

async function tell(method: string, path: string, body: object): Promise<void> {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${apiKey}` };
  const answer = await fetch(`${monitor}${path}`, { method, headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, await answer.text());
}

async function logSteps(run: string, first: number, last: number): Promise<void> {
  const step = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const metrics = { train_loss: step.map((value) => (value === 3 ? "NaN" : 1 / value)) };
  await tell("POST", `/api/runs/${run}/batches`, {
    writer: "w",
    sequence: first,
    points: { step, time: step, metrics },
  });
}

function steps(found: Metrics[]): number[] {
  return found.map((metrics) => metrics.step);
}

test("experiments", async () => {
  const made = await client.experiments.create({ name: "from TypeScript", tags: { model: "llama-7b" } });
  assert.equal(made.run_count, 0);
  await assert.rejects(client.experiments.create({ name: "from TypeScript" }), (error: PegboxError) => {
    assert.equal(error.status, 409);
    assert.equal(error.type, "ConflictError");
    return error instanceof PegboxError;
  });
  assert.equal((await client.experiments.update(made.id, { starred: true })).starred, true);
  assert.deepEqual(
    (await client.experiments.list({ q: "typescript" })).map((found) => found.id),
    [made.id],
  );
  assert.deepEqual(await client.experiments.runs("from TypeScript"), []);
  await client.experiments.remove(made.id);
});

test("datasets, jobs and the machine", async () => {
  const rows = Array.from({ length: 20 }, (_, index) => `What is ${index} plus 1?,${index + 1}`);
  const dataset = await client.datasets.upload("Sums", new Blob([["input,output", ...rows].join("\n")]), "sums.csv");
  assert.equal((await client.datasets.get(dataset.uid)).rows, 20);
  const model = await client.models.get("starter");
  const configuration = { model: { uid: model.id }, dataset: { uid: dataset.uid }, hyperparameters: {} };
  const job = await client.jobs.create({ name: "From TypeScript", configuration } as never);
  assert.equal(job.state, "queued");
  assert.deepEqual(
    (await client.jobs.list({ limit: 5 })).map((found) => found.uid),
    [job.uid],
  );
  assert.equal((await client.jobs.cancel(job.uid)).state, "cancelled");
  const stream = client.jobs.streamMetrics(job.id, () => assert.fail("it has no point"));
  await stream.done;
  assert.ok(Array.isArray(await client.gpus()));
  assert.equal((await client.health()).status, "healthy");
});

const ways: StreamOptions["transport"][] = ["sse", "websocket", "auto"];
for (const transport of ways) {
  test(`a stream by ${transport}`, async () => {
    const run = `run-${transport}`;
    await tell("POST", "/api/runs", { id: run });
    await logSteps(run, 1, 3);
    const found: Metrics[] = [];
    const { done } = client.jobs.streamMetrics(
      run,
      (metrics) => {
        found.push(metrics);
        if (metrics.step === 3)
          void logSteps(run, 4, 6).then(() => tell("PATCH", `/api/runs/${run}`, { status: "finished" }));
      },
      { transport },
    );
    await done;
    assert.deepEqual(steps(found), [1, 2, 3, 4, 5, 6]);
    assert.equal(found[1]!.loss, 0.5);
    assert.ok(Number.isNaN(found[2]!.loss));
    const rest: Metrics[] = [];
    await client.jobs.streamMetrics(run, (metrics) => rest.push(metrics), { transport, after: found[3]!.seq }).done;
    assert.deepEqual(rest, found.slice(4));
  });

  test(`an unknown job, and no access, by ${transport}`, async () => {
    const isRefusal = (status: number) => (error: PegboxError) => error.status === status;
    await assert.rejects(client.jobs.streamMetrics("job_0", () => {}, { transport }).done, isRefusal(404));
    const stranger = new Client({ baseUrl, apiKey: "wrong" });
    if (transport !== "websocket")
      await assert.rejects(stranger.jobs.streamMetrics("run-sse", () => {}, { transport }).done, isRefusal(401));
  });
}

test("a stream that is closed", async () => {
  await tell("POST", "/api/runs", { id: "run-closed" });
  await logSteps("run-closed", 1, 1);
  for (const transport of ways) {
    const { done, close } = client.jobs.streamMetrics("run-closed", () => close(), { transport });
    await done;
  }
});

test("nobody there", async () => {
  const nobody = new Client({ baseUrl: "http://127.0.0.1:9", retries: 1 });
  await assert.rejects(
    nobody.jobs.list(),
    (error: PegboxError) => error.status === 0 && /pegbox up/.test(error.message),
  );
});
