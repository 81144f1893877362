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
  /** A sentence when the hub did not answer; the collection can still be used. */
  offline: string | null;
}

export async function searchHub(query: string, signal: AbortSignal): Promise<HubAnswer> {
  const parameters = new URLSearchParams({ query, limit: "20" });
  try {
    return { models: await getJson<HubModel[]>(`/api/models/search?${parameters}`, signal), offline: null };
  } catch (error) {
    if (error instanceof ApiError && (error.status === 503 || error.status === 0)) {
      return { models: [], offline: error.message };
    }
    throw error;
  }
}

export function addModel(model: { id: string }): Promise<{ message: string }> {
  return sendJson("POST", "/api/models", model);
}
