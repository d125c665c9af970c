import type { JsonObject } from '../../formats/json_object.ts';

/** How a server is asked to go on with the last message: `prefix` by DeepSeek and Mistral, the other by vLLM. */
export type PrefixMark = 'prefix' | 'continue_final_message';

const LIMITS = ['max_tokens', 'max_completion_tokens'];

/**
 * The same chat completion, to be answered from where `delivered` stopped.
 * @param body as it was asked first
 * @returns also what the continuation still says again: white space at the end of what was delivered, which is not
 * sent, as many chat templates strip it and models then say it anew
 */
export function continuedBody(body: JsonObject, delivered: readonly string[], mark: PrefixMark) {
  const text = delivered.join('');
  const content = text.trimEnd();
  const again = text.slice(content.length);
  const left = { ...body };
  for (const name of LIMITS) {
    const limit = body[name];
    // A piece of text is at least one token, so this limit is never below what the first asking has left.
    if (typeof limit === 'number') left[name] = Math.max(1, limit - delivered.length);
  }
  if (content === '') return { body: left, again };
  const said = mark === 'prefix' ? { role: 'assistant', content, prefix: true } : { role: 'assistant', content };
  const open = mark === 'prefix' ? {} : { continue_final_message: true, add_generation_prompt: false };
  return { body: { ...left, messages: [...(body.messages as readonly object[]), said], ...open }, again };
}
