import type { ClientAsk } from './official_clients.ts';

export type UpstreamFormat = 'chat' | 'responses' | 'messages';
export type ClientFormat = UpstreamFormat | 'weir';

/** One kind of request and answer that every client asks of every upstream. */
export interface TranslationScenario {
  /** The mock's model, see `providers/scenarios.ts`. */
  model: string;
  /** As the page has it. */
  title: string;
  ask?: Partial<ClientAsk>;
  /** How it ends, where not with an answer. */
  ends?: 'error';
}

export const TRANSLATION_SCENARIOS: readonly TranslationScenario[] = [
  { model: 'text', title: 'text' },
  { model: 'thinking', title: 'reasoning', ask: { reasoning: true } },
  { model: 'tools', title: 'parallel tool calls, arguments in pieces', ask: { tools: true } },
  { model: 'text_and_tools', title: 'text, then a tool call', ask: { tools: true } },
  { model: 'no_arguments', title: 'a tool call without arguments', ask: { tools: true } },
  { model: 'loop', title: 'ten turns of tools with reasoning', ask: { tools: true, reasoning: true } },
  { model: 'structured', title: 'structured output (JSON schema)', ask: { structured: true } },
  { model: 'refusal', title: 'refusal' },
  { model: 'length', title: 'stopped at the maximum of tokens', ask: { maxTokens: 100 } },
  { model: 'stop_sequence', title: 'stopped at a stop sequence', ask: { stop: 'three' } },
  { model: 'cached', title: 'counts of cached, cache-write and reasoning tokens' },
  { model: 'citation', title: 'citations' },
  { model: 'error', title: 'error of the provider in mid-stream', ends: 'error' },
  { model: 'cut', title: 'stream that breaks off', ends: 'error' },
];
