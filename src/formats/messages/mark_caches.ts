import type { GenerationRequest } from '../generation_request.ts';
import { type JsonObject, listOf } from '../json_object.ts';
import type { RequestLosses } from '../request_losses.ts';
import type { ClaudeModel } from './claude_model.ts';
import type { Turn } from './write_messages_turns.ts';

/** The most marks that Anthropic takes. */
const MAX_MARKS = 4;

/** Blocks that no mark may stand on. */
const UNMARKED = new Set<unknown>(['thinking', 'redacted_thinking']);

/**
 * Anthropic caches a prompt up to each mark. A client of OpenAI has no marks, but says with `prompt_cache_key` that its
 * requests go on from each other: then the system's text, or the tools, and the whole are marked.
 */
export function markCaches(
  { promptCacheKey }: GenerationRequest,
  { isClaude }: ClaudeModel,
  { system, tools, turns }: { system: JsonObject[]; tools: JsonObject[]; turns: readonly Turn[] },
  losses: RequestLosses,
): void {
  const content = turns.flatMap((turn) => turn.content);
  const marked = [
    ...tools,
    ...system,
    ...content.flatMap((block) => [...listOf(block.content), block] as JsonObject[]),
  ];
  const marks = marked.filter((block) => block.cache_control !== undefined);
  for (const block of marks.slice(0, Math.max(0, marks.length - MAX_MARKS))) {
    delete block.cache_control;
    losses.dropField('cache_control');
  }
  if (promptCacheKey === undefined || marks.length > 0) return;
  if (!isClaude) {
    losses.drop('promptCacheKey');
    return;
  }
  for (const block of [system.at(-1) ?? tools.at(-1), content.at(-1)]) {
    if (block && !UNMARKED.has(block.type)) block.cache_control = { type: 'ephemeral' };
  }
}
