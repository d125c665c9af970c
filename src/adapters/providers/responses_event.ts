import type { AnswerEnd } from '../../core/provider/provider.ts';
import { WeirError } from '../../protocol/error_code.ts';

/** What is read of an event of the Responses API; everything else is let go. */
interface ResponsesEvent {
  type?: string;
  delta?: string;
  response?: {
    id?: string;
    usage?: { input_tokens?: number; output_tokens?: number } | null;
    incomplete_details?: { reason?: string } | null;
  };
}

/** What an event means. `over`: the provider works on this answer no more. */
export type ResponsesNews =
  | { kind: 'run'; run: string }
  | { kind: 'text'; text: string }
  | { kind: 'end'; end: AnswerEnd }
  | { kind: 'error'; error: WeirError; over: boolean }
  | { kind: 'nothing' };

/** The words of chat completions for why an answer is not whole. */
const FINISH_REASONS: Record<string, string> = { max_output_tokens: 'length' };

/** Reads one event's data. */
export function responsesNews(data: string): ResponsesNews {
  let event: ResponsesEvent;
  try {
    event = JSON.parse(data);
  } catch (cause) {
    return { kind: 'error', error: new WeirError('upstream_protocol', { cause }), over: false };
  }
  const { type, delta, response } = event;
  switch (type) {
    case 'response.created':
      return response?.id ? { kind: 'run', run: response.id } : { kind: 'nothing' };
    case 'response.output_text.delta':
      return delta ? { kind: 'text', text: delta } : { kind: 'nothing' };
    case 'response.completed':
      return { kind: 'end', end: { finishReason: 'stop', ...usage(response) } };
    case 'response.incomplete': {
      const reason = response?.incomplete_details?.reason ?? 'length';
      return { kind: 'end', end: { finishReason: FINISH_REASONS[reason] ?? reason, ...usage(response) } };
    }
    case 'response.failed':
    case 'error': {
      const error = new WeirError('upstream_error', { details: { provider: 'openai' } });
      return { kind: 'error', error, over: type === 'response.failed' };
    }
    default:
      return { kind: 'nothing' };
  }
}

/** Of the whole answer, also when it is read a second time. */
function usage(response: ResponsesEvent['response']): Pick<AnswerEnd, 'usage'> {
  if (!response?.usage) return {};
  const { input_tokens = 0, output_tokens = 0 } = response.usage;
  return { usage: { input_tokens, output_tokens } };
}
