import { CLIENT_GIVE_UP_MS, CLIENT_SILENCE_MS } from '../../../src/formats/timing.ts';
import { STREAMS_ANSWERS } from './answer_end.ts';
import { ResumedAnswer } from './resumed_answer.ts';
import { StreamCalls } from './stream_calls.ts';
import { isEventStream, transportOver } from './transport.ts';

/** Options of `resumableFetch`; all of them may be left out. */
export interface ResumableFetchOptions {
  /** Sends the requests. Default: the global `fetch`. */
  fetch?: typeof fetch;
  /** Where streams are resumed; ends with `/api/v1`. Default: what stands before `/v1/` in the address of a request. */
  baseUrl?: string;
  /** Silence after which it reconnects. Default 25,000, as heartbeats arrive every 10 s. */
  silenceMs?: number;
  /** Time after the last data in which attempts to resume may start. Default 60,000. */
  giveUpAfterMs?: number;
  /** Whether an abort, or a body that is read no further, also cancels the answer on the server. Default true. */
  cancelOnAbort?: boolean;
  /** Called when an answer has lost its connection and will be resumed; `reason` says why. */
  onInterrupt?: (reason: string, error?: unknown) => void;
}

/**
 * A `fetch` for the clients of others, such as `new OpenAI({ fetch: resumableFetch() })`: streamed answers of Weir survive
 * their connection and their instance. The body has the bytes of the plain answer, without heartbeats; where it can't be
 * continued, it fails with a {@link ResumeError} and never ends as if it were whole. Everything else passes unchanged.
 */
export function resumableFetch(options: ResumableFetchOptions = {}): typeof fetch {
  return async (input, init) => {
    const send = options.fetch ?? fetch;
    const given = input instanceof Request ? input : undefined;
    const { origin, pathname: path } = new URL(given?.url ?? String(input), page.location?.href);
    const method = init?.method ?? given?.method;
    if (method?.toUpperCase() !== 'POST' || !STREAMS_ANSWERS.test(path)) return send(input, init);

    const headers = new Headers(init?.headers ?? given?.headers);
    headers.set('x-weir-resumable', 'true');
    const outer = init?.signal ?? given?.signal ?? undefined;
    const leave = new AbortController();
    const signal = outer ? AbortSignal.any([outer, leave.signal]) : leave.signal;
    const response = await send(input, { ...init, headers, signal });
    const { status, statusText, body } = response;
    const threadId = response.headers.get('x-thread-id');
    const resumeToken = response.headers.get('x-resume-token');
    const isStream = status === 200 && isEventStream(response.headers.get('content-type'));
    if (!isStream || body === null || threadId === null || resumeToken === null) return response;

    const calls = new StreamCalls(undefined, {
      baseUrl: options.baseUrl ?? `${origin}${path.replace(/(\/api)?\/v1\/.*$/, '')}/api/v1`,
      headers: passedOn(headers),
      transport: transportOver(send, { ...settingsOf(given), ...init }),
    });
    calls.learn(threadId, resumeToken);
    const answer = new ResumedAnswer(body, {
      calls,
      path,
      leave,
      signal: outer,
      silenceMs: options.silenceMs ?? CLIENT_SILENCE_MS,
      giveUpAfterMs: options.giveUpAfterMs ?? CLIENT_GIVE_UP_MS,
      cancelOnAbort: options.cancelOnAbort ?? true,
      onInterrupt: options.onInterrupt,
    });
    const resumed = new Response(answer.body, { status, statusText, headers: response.headers });
    return Object.defineProperty(resumed, 'url', { value: response.url });
  };
}

/** A page may write relative addresses. */
const page = globalThis as { location?: { href: string } };

/** Keys, the user and what proxies ask for; not what describes the body, which the other requests do not have. */
function passedOn(headers: Headers): Record<string, string> {
  const ofBody = /^(content-|idempotency-key$|accept$)/;
  return Object.fromEntries([...headers].filter(([name]) => !ofBody.test(name)));
}

function settingsOf(request: Request | undefined): RequestInit {
  if (request === undefined) return {};
  const { credentials, mode, redirect, referrer, referrerPolicy } = request;
  return { credentials, mode, redirect, referrer, referrerPolicy };
}
