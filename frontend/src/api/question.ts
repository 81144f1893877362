import { sendJson } from "./http";

export interface QuestionAnswer {
  answer: string;
  tokens: number;
  /** What the answer took; a first loading of the model left out. */
  seconds: number;
}

export function askModel(model: string, question: string): Promise<QuestionAnswer> {
  return sendJson("POST", `/api/models/${encodeURIComponent(model)}/ask`, { question });
}
