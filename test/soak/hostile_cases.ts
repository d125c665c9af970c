import { createHash } from 'node:crypto';
import { ERROR_TABLE, isErrorCode } from '../../src/formats/error_code.ts';
import { SseDecoder, type SseEvent } from '../../src/formats/sse/sse_decoder.ts';

/** One way to ask a hostile provider. */
export interface HostileCase {
  name: string;
  path: string;
  protocol: 'chat' | 'responses' | 'messages';
  streamed: boolean;
  /** @param at which of several equal ones */
  model(at: number): string;
  /** @param prompt names the answer */
  body(prompt: string): object;
}

const ENDPOINTS = [
  ['/v1/chat/completions', 'chat'],
  ['/v1/responses', 'responses'],
  ['/v1/messages', 'messages'],
  ['/v1/embeddings', 'chat'],
] as const;

/** By what a request is: from a provider, or along a route that keeps answers, has two targets, or both. */
const MODELS: Record<string, HostileCase['model']> = {
  plain: (at) => `odd-${at}/m`,
  kept: (at) => `kept-${at}`,
  routed: (at) => `routed-${at}`,
  'kept and routed': (at) => `both-${at}`,
};

/** Every endpoint, plain, resumable, cached and routed, streamed and whole; and runs in the background. */
export const CASES: readonly HostileCase[] = [
  ...[false, true].flatMap((resumable) =>
    Object.entries(MODELS).map(([way, model]): HostileCase => {
      const body = (query: string) => ({ query, resumable });
      const name = `/api/v1/stream, ${way}${resumable ? ', resumable' : ''}`;
      return { name, path: '/api/v1/stream', protocol: 'chat', streamed: true, model, body };
    }),
  ),
  {
    name: '/api/v1/stream, in the background',
    path: '/api/v1/stream',
    protocol: 'responses',
    streamed: true,
    model: (at) => `runs-${at}/m`,
    body: (query) => ({ query, resumable: true }),
  },
  ...ENDPOINTS.flatMap(([path, protocol]) =>
    [true, false]
      .filter((streamed) => !streamed || path !== '/v1/embeddings')
      .flatMap((streamed) =>
        Object.entries(MODELS).map(([way, model]): HostileCase => {
          const body = (content: string) => ({
            stream: streamed,
            messages: [{ role: 'user', content }],
            input: content,
          });
          const name = `${path}, ${way}${streamed ? '' : ', whole'}`;
          return { name, path, protocol, streamed, model, body };
        }),
      ),
  ),
];

export type HostileEnd = { outcome: string } | { wrong: string };

/**
 * Judges what the client got.
 * @param sent the provider's body, one character a byte; undefined where its HTTP was broken too
 */
export function ending(
  { path, streamed }: HostileCase,
  { status, type, text }: { status: number; type: string; text: string },
  sent: string | undefined,
): HostileEnd {
  if (status !== 200 || !type.startsWith('text/event-stream')) return wholeEnding(path, status, text, sent);
  if (!streamed) return { wrong: 'a stream that was not asked for' };
  const events = eventsOf(text);
  return path === '/api/v1/stream' ? weirEnding(events, sent) : v1Ending(text, events, sent);
}

function wholeEnding(path: string, status: number, text: string, sent: string | undefined): HostileEnd {
  if (status === 200) {
    const isAsSent = path.startsWith('/v1/') && (sent === undefined || text === sent);
    return isAsSent ? { outcome: 'as it was sent' } : { wrong: 'a whole answer that the provider did not give' };
  }
  if (status === 500 && text.includes('internal_error')) return { wrong: 'status 500' };
  if (status === 422 || text.includes('not_supported')) return { wrong: `status ${status}` };
  return { outcome: `refused with ${status}` };
}

function eventsOf(text: string): SseEvent[] {
  const decoder = new SseDecoder();
  decoder.push(Buffer.from(text, 'latin1'));
  const events: SseEvent[] = [];
  for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
  return events;
}

function weirEnding(events: readonly SseEvent[], sent: string | undefined): HostileEnd {
  const of = (name: string) => events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));
  const [end, ...more] = [...of('complete'), ...of('error')];
  if (end === undefined || more.length > 0) return { wrong: `${more.length + (end ? 1 : 0)} terminals` };
  const content = of('chunk').map((chunk) => chunk.content);
  if (content.some((piece) => typeof piece !== 'string' || piece === '')) return { wrong: 'content that is no text' };
  const said = content.join('');
  const length = [...said].length;
  if ('error' in end) {
    if (!isErrorCode(end.error) || end.error === 'internal_error') return { wrong: `ended with ${end.error}` };
    if (end.delivered !== length) return { wrong: `${end.delivered} delivered, and ${length} came` };
    return events.at(-1)?.event === 'error' ? { outcome: end.error } : { wrong: 'events after its error' };
  }
  if (events.at(-1)?.data !== '[DONE]' || events.at(-2)?.event !== 'complete') return { wrong: 'no [DONE] at its end' };
  const sha256 = createHash('sha256').update(said).digest('hex');
  if (end.sha256 !== sha256 || end.total_length !== length) return { wrong: 'not the text that its end reports' };
  const counts = [end.usage.input_tokens, end.usage.output_tokens];
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return { wrong: 'usage that is none' };
  const isEnd = sent === undefined || /\[DONE\]|"finish_reason":"|"response\.(completed|incomplete)"/.test(sent);
  return isEnd ? { outcome: 'complete' } : { wrong: 'whole, and its provider did not say so' };
}

const TERMINAL = /\[DONE\]|"finish_reason":"|"response\.(completed|incomplete|failed)"|"message_stop"|"error"/;

/** The provider's own bytes, and where they have no end of their own, an error of ours behind them. */
function v1Ending(text: string, events: readonly SseEvent[], sent: string | undefined): HostileEnd {
  const code = errorCodeOf(events.at(-1)?.data ?? '');
  const isOurs = code !== undefined && isErrorCode(code);
  if (code === 'internal_error') return { wrong: 'ended with internal_error' };
  if (isOurs || sent === undefined) {
    const theirs = text.slice(0, isOurs ? startOfLast(text) : undefined);
    if (sent !== undefined && !sent.startsWith(theirs)) return { wrong: 'bytes that the provider did not send' };
    return isOurs ? { outcome: String(code) } : { outcome: 'ended by its provider' };
  }
  if (!sent.startsWith(text)) return { wrong: 'bytes that the provider did not send' };
  return TERMINAL.test(text) ? { outcome: 'ended by its provider' } : { wrong: 'no terminal' };
}

/** Where the last event begins: ours are written plainly. */
function startOfLast(text: string): number {
  const data = text.lastIndexOf('data: ');
  const named = text.lastIndexOf('event: error\n', data);
  return named >= 0 && named + 'event: error\n'.length === data ? named : data;
}

/** The code of an error in OpenAI's shape, or Anthropic's type. */
function errorCodeOf(data: string): string | undefined {
  try {
    const { type, error } = JSON.parse(data);
    if (type !== 'error' || error?.code !== undefined) return error?.code;
    // Anthropic's errors have no code: ours are known by their sentences.
    const ours = Object.entries(ERROR_TABLE).find(([, { message }]) => message === error?.message);
    return ours?.[0] ?? (error?.message?.startsWith('The provider ') ? 'upstream_error' : undefined);
  } catch {
    return undefined;
  }
}
