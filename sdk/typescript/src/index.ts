export * from "./client.js";
export { type Finding, PegboxError } from "./errors.js";
export type { components, paths } from "./openapi.js";
export type { Answer, ClientOptions, Method, PathOf, Query, Requests } from "./request.js";
export type { MetricStream, Metrics, StreamOptions } from "./stream.js";
