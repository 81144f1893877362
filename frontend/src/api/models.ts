/** Calls of the model collection and of the hub search. */
import { ApiError, getJson, sendJson } from "./http";

export interface HubModel {
  id: string;
  name: string;
  provider: string;
  category: string;
  description: string;
  parameters: string;
  tags: string[];
  downloads: number | null;
  likes: number | null;
}

/** Result of a hub search. */
export interface HubAnswer {
  models: HubModel[];
  /** Why the hub did not respond, or null. `models` are then matches in the collection. */
  offline: string | null;
}

export async function searchHub(query: string, signal: AbortSignal): Promise<HubAnswer> {
  const parameters = new URLSearchParams({ query, limit: "20" });
  try {
    return { models: await getJson<HubModel[]>(`/api/models/search?${parameters}`, signal), offline: null };
  } catch (error) {
    if (error instanceof ApiError && (error.status === 503 || error.status === 0)) {
      return { models: localMatches(error.body), offline: error.message.split(". Matches in")[0]! };
    }
    throw error;
  }
}

/** The error body lists matching models of the collection. */
function localMatches(body: unknown): HubModel[] {
  const findings = (body as { errors?: { model?: HubModel }[] } | null)?.errors ?? [];
  return findings.flatMap((finding) => (finding.model ? [finding.model] : []));
}

export function addModel(model: { id: string }): Promise<{ message: string }> {
  return sendJson("POST", "/api/models", model);
}
