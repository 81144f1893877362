/** The client of the API: one property for each resource. */
import { type EitherName, wireNames } from "./names.js";
import type { components } from "./openapi.js";
import { type Answer, type ClientOptions, type Query, Requests } from "./request.js";
import { type MetricStream, type Metrics, type StreamOptions, streamMetrics } from "./stream.js";

export type Schemas = components["schemas"];
export type Job = Schemas["JobView"];
export type Dataset = Schemas["DatasetView"];
export type Model = Schemas["ModelView"];
export type Experiment = Schemas["ExperimentView"];

type Named<Body> = Partial<Omit<Body, "name">> & { name: string };
/** The request for a job: `command` to run a command, `configuration` to fine-tune a model. */
export type NewJob = EitherName<Named<Schemas["CommandCreate"]>> | EitherName<Named<Schemas["FinetuneCreate"]>>;

export class Jobs {
  readonly #api: Requests;

  constructor(api: Requests) {
    this.#api = api;
  }

  /** Creates a job and queues it by default. Accepts field names in both forms, `gpuCount` and `gpu_count`. */
  async create(job: NewJob): Promise<Job> {
    const answer = await this.#api.json("post", "/api/jobs", { body: wireNames(job), query: { strict: true } });
    return answer.job;
  }

  /** Jobs, newest first: all jobs, or the page that the query selects. */
  async list(query: Query<"get", "/api/jobs"> = {}): Promise<Job[]> {
    return (await this.#api.json("get", "/api/jobs", { query: { ...query, view: "array" } })) as Job[];
  }

  get(uid: string): Promise<Job> {
    return this.#api.json("get", "/api/jobs/{uid}", { path: { uid } });
  }

  statistics(): Promise<Schemas["JobStatistics"]> {
    return this.#api.json("get", "/api/jobs/statistics");
  }

  start(uid: string): Promise<Schemas["JobAction"]> {
    return this.#api.json("post", "/api/jobs/{uid}/start", { path: { uid }, body: {} });
  }

  pause(uid: string): Promise<Schemas["JobAction"]> {
    return this.#api.json("post", "/api/jobs/{uid}/pause", { path: { uid }, body: {} });
  }

  resume(uid: string): Promise<Schemas["JobAction"]> {
    return this.#api.json("post", "/api/jobs/{uid}/resume", { path: { uid }, body: {} });
  }

  cancel(uid: string): Promise<Schemas["JobAction"]> {
    return this.#api.json("post", "/api/jobs/{uid}/cancel", { path: { uid }, body: {} });
  }

  result(uid: string): Promise<Schemas["JobOutcome"]> {
    return this.#api.json("get", "/api/jobs/{uid}/result", { path: { uid } });
  }

  /** The last lines of a job's output. */
  async logs(uid: string, query: Query<"get", "/api/jobs/{uid}/logs"> = {}): Promise<string> {
    const answer = await this.#api.send("get", "/api/jobs/{uid}/logs", { path: { uid }, query, accept: "text/plain" });
    return answer.text();
  }

  async remove(uid: string): Promise<void> {
    await this.#api.send("delete", "/api/jobs/{uid}", { path: { uid } });
  }

  /**
   * Calls `onMetrics` for every point of a job, from the first, until the job ends. Waits for a queued job, and reconnects after
   * outages without losing points.
   */
  streamMetrics(uid: string, onMetrics: (metrics: Metrics) => void, options: StreamOptions = {}): MetricStream {
    return streamMetrics(this.#api, uid, onMetrics, options);
  }
}

export class Experiments {
  readonly #api: Requests;

  constructor(api: Requests) {
    this.#api = api;
  }

  list(query: Query<"get", "/api/experiments"> = {}): Promise<Experiment[]> {
    return this.#api.json("get", "/api/experiments", { query });
  }

  create(experiment: {
    name: string;
    description?: string;
    tags?: Record<string, unknown> | string[];
  }): Promise<Experiment> {
    return this.#api.json("post", "/api/experiments", { body: experiment });
  }

  /** An experiment by id or name, with its newest runs and the best run by each metric. */
  get(experiment: string): Promise<Schemas["ExperimentDetail"]> {
    return this.#api.json("get", "/api/experiments/{experiment_id}", { path: { experiment_id: experiment } });
  }

  update(experiment: string, change: Schemas["ExperimentUpdate"]): Promise<Experiment> {
    const path = { experiment_id: experiment };
    return this.#api.json("patch", "/api/experiments/{experiment_id}", { path, body: change });
  }

  async runs(
    experiment: string,
    query: Query<"get", "/api/experiments/{experiment_id}/runs"> = {},
  ): Promise<Schemas["ExperimentRun"][]> {
    const path = { experiment_id: experiment };
    return (await this.#api.json("get", "/api/experiments/{experiment_id}/runs", { path, query })).runs;
  }

  async remove(experiment: string): Promise<void> {
    await this.#api.send("delete", "/api/experiments/{experiment_id}", { path: { experiment_id: experiment } });
  }
}

export class Datasets {
  readonly #api: Requests;

  constructor(api: Requests) {
    this.#api = api;
  }

  list(): Promise<Dataset[]> {
    return this.#api.json("get", "/api/datasets");
  }

  get(uid: string): Promise<Dataset> {
    return this.#api.json("get", "/api/datasets/{uid}", { path: { uid } });
  }

  /** Uploads and registers a file. */
  async upload(name: string, file: Blob, filename: string): Promise<Dataset> {
    const form = new FormData();
    form.append("name", name);
    form.append("file", file, filename);
    return (await (await this.#api.send("post", "/api/datasets", { form })).json()) as Dataset;
  }

  async versions(uid: string): Promise<Schemas["DatasetVersionView"][]> {
    return (await this.#api.json("get", "/api/datasets/{uid}/versions", { path: { uid } })).versions;
  }

  async remove(uid: string): Promise<void> {
    await this.#api.send("delete", "/api/datasets/{uid}", { path: { uid } });
  }
}

export class Models {
  readonly #api: Requests;

  constructor(api: Requests) {
    this.#api = api;
  }

  async list(): Promise<Model[]> {
    return (await this.#api.json("get", "/api/models", { query: { view: "array" } })) as Model[];
  }

  get(id: string): Promise<Model> {
    return this.#api.json("get", "/api/models/{model_id}", { path: { model_id: id } }) as Promise<Model>;
  }

  async remove(id: string): Promise<void> {
    await this.#api.send("delete", "/api/models/{model_id}", { path: { model_id: id } });
  }
}

/** `new Client({ baseUrl, apiKey })`. Every method throws a PegboxError for an error response and when there is no response. */
export class Client {
  readonly jobs: Jobs;
  readonly experiments: Experiments;
  readonly datasets: Datasets;
  readonly models: Models;
  /** Typed requests for endpoints without a method. */
  readonly api: Requests;

  constructor(options: ClientOptions = {}) {
    this.api = new Requests(options);
    this.jobs = new Jobs(this.api);
    this.experiments = new Experiments(this.api);
    this.datasets = new Datasets(this.api);
    this.models = new Models(this.api);
  }

  gpus(): Promise<Schemas["GpuStatus"][]> {
    return this.api.json("get", "/api/gpus");
  }

  metrics(): Promise<Schemas["MachineMetrics"]> {
    return this.api.json("get", "/api/metrics");
  }

  health(): Promise<Answer<"get", "/api/health">> {
    return this.api.json("get", "/api/health");
  }
}
