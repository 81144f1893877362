/** The model collection and the hub on the wire. */
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

/** What a search brought: hits of the hub, or word that it is out of reach. */
export interface HubAnswer {
  models: HubModel[];
  /** A sentence when the hub did not answer; `models` are then what the collection has of that name. */
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

/** The refusal names what the collection has instead. */
function localMatches(body: unknown): HubModel[] {
  const findings = (body as { errors?: { model?: HubModel }[] } | null)?.errors ?? [];
  return findings.flatMap((finding) => (finding.model ? [finding.model] : []));
}

export function addModel(model: { id: string }): Promise<{ message: string }> {
  return sendJson("POST", "/api/models", model);
}
