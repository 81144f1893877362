import { sendJson } from "./http";

export interface QuestionAnswer {
  answer: string;
  tokens: number;
  /** Duration of the generation, without loading the model. */
  seconds: number;
}

export function askModel(model: string, question: string): Promise<QuestionAnswer> {
  return sendJson("POST", `/api/models/${encodeURIComponent(model)}/ask`, { question });
}
