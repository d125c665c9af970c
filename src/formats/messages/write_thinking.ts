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
 * Thinking is left out, or turned off, where Anthropic would refuse the request for it: with a forced tool; without room
 * for the least budget; and, with a budget, where the last turn's thinking is lost.
 */
export function thinkingOf(
  request: GenerationRequest,
  model: ClaudeModel,
  maxTokens: number,
  turns: readonly Turn[],
  losses: RequestLosses,
): Thinking {
  const { reasoning, toolChoice } = request;
  const isForced = request.tools.length > 0 && (toolChoice === 'required' || typeof toolChoice === 'object');
  if (isForced && !model.forces) {
    losses.refuse(losses.name('toolChoice'), 'this model always thinks, and then no tool can be forced; send "auto"');
  }
  const isUnwanted = reasoning?.effort === 'none';
  if (reasoning === undefined && !isForced) return OFF;
  if (isForced && !isUnwanted) losses.drop('reasoning');
  const type = model.isClaude ? model.off : isUnwanted ? 'disabled' : 'omitted';
  if (type === 'never' && isUnwanted) losses.drop('reasoning');
  const off = type === 'never' || type === 'omitted' ? OFF : { ...OFF, thinking: { type } };
  if (reasoning === undefined || isUnwanted) return off;
  const display = displayOf(reasoning.summary);
  if (model.thinking === 'adaptive') {
    const effort = claudeEffort(effortOf(reasoning), model);
    if (isForced) return off === OFF ? { ...OFF, effort } : off;
    return { thinking: { type: 'adaptive', ...display }, effort, isOn: true };
  }
  const budget = Math.min(Math.max(MIN_BUDGET, budgetOf(reasoning, maxTokens)), maxTokens - 1);
  if (isForced) return OFF;
  if (budget < MIN_BUDGET || hasLostThinking(turns)) {
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

/** With a budget, the assistant's turn at the end, or before results of tools, has to begin with its thinking. */
function hasLostThinking(turns: readonly Turn[]): boolean {
  const [asked, answered] = turns.slice(-2);
  const last = answered?.role === 'assistant' ? answered : asked;
  if (last === asked && answered?.content[0]?.type !== 'tool_result') return false;
  const first = last?.content[0]?.type;
  return first !== 'thinking' && first !== 'redacted_thinking';
}
