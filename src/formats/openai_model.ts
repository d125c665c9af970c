/** Names of OpenAI's own models, also with the vendor before them; an `openai/gpt-oss` may run anywhere. */
const OWN = /^(openai\/)?(o\d|gpt-(?!oss)|chatgpt|codex-)/;
const REASONING = /^(openai\/)?(o\d|gpt-[5-9]|codex-)/;

/** What is known of OpenAI's models by their names: they take fields that others refuse, and refuse some of others. */
export interface OpenAiModel {
  /** Whether it is one of OpenAI's own. */
  isOwn: boolean;
  /** Whether it takes `reasoning_effort` and `max_completion_tokens`. */
  reasons: boolean;
}

export function openAiModel(model: string): OpenAiModel {
  return { isOwn: OWN.test(model), reasons: REASONING.test(model) };
}

/** OpenAI takes no longer id of a person. */
export const MAX_USER_LENGTH = 64;
