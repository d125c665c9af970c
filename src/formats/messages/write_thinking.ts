import type { GenerationRequest } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { budgetOf, effortOf } from '../reasoning_effort.ts';
import type { RequestLosses } from '../request_losses.ts';
import type { ClaudeModel } from './claude_model.ts';
import type { Turn } from './write_messages_turns.ts';

/** What a request says of thinking. */
export interface Thinking {
  thinking: JsonObject | undefined;
  /** Of `output_config`. */
  effort: string | undefined;
  isOn: boolean;
}

const OFF: Thinking = { thinking: undefined, effort: undefined, isOn: false };

/** The least budget that Anthropic takes. */
const MIN_BUDGET = 1024;

/**
 * Thinking is left out where Anthropic would refuse the request for it: with a forced tool; without room for the least
 * budget; and, with a budget, in a tool loop whose thinking the client has lost.
 */
export function thinkingOf(
  request: GenerationRequest,
  model: ClaudeModel,
  maxTokens: number,
  turns: readonly Turn[],
  losses: RequestLosses,
): Thinking {
  const { reasoning, toolChoice } = request;
  if (reasoning === undefined) return OFF;
  if (reasoning.effort === 'none') return model.isClaude ? OFF : { ...OFF, thinking: { type: 'disabled' } };
  const isForced = request.tools.length > 0 && (toolChoice === 'required' || typeof toolChoice === 'object');
  const display = displayOf(reasoning.summary);
  if (model.thinking === 'adaptive') {
    const effort = claudeEffort(effortOf(reasoning), model);
    if (isForced) losses.drop('reasoning');
    return isForced ? { ...OFF, effort } : { thinking: { type: 'adaptive', ...display }, effort, isOn: true };
  }
  const budget = Math.min(Math.max(MIN_BUDGET, budgetOf(reasoning, maxTokens)), maxTokens - 1);
  if (isForced || budget < MIN_BUDGET || hasLostThinking(turns)) {
    losses.drop('reasoning');
    return OFF;
  }
  return { thinking: { type: 'enabled', budget_tokens: budget }, effort: undefined, isOn: true };
}

/** Some models give no text of their thinking unless it is asked for. */
function displayOf(summary: string | undefined): { display?: string } {
  if (summary === undefined) return {};
  return { display: summary === 'omitted' ? 'omitted' : 'summarized' };
}

/** The nearest effort that the model knows. */
function claudeEffort(effort: string | undefined, { efforts }: ClaudeModel): string | undefined {
  if (effort === undefined || effort === 'low' || effort === 'medium' || effort === 'high') return effort;
  if (effort === 'minimal') return 'low';
  return efforts.has(effort) ? effort : 'high';
}

/** With a budget, the assistant's turn before results of tools has to begin with its thinking. */
function hasLostThinking(turns: readonly Turn[]): boolean {
  const [asked, answered] = turns.slice(-2);
  if (answered?.role !== 'user' || answered.content[0]?.type !== 'tool_result') return false;
  const first = asked?.content[0]?.type;
  return first !== 'thinking' && first !== 'redacted_thinking';
}
