import { setTimeout as sleep } from 'node:timers/promises';
import { openStream } from '../../src/client/open_stream.ts';
import { StreamRefusal } from '../../src/client/stream_refusal.ts';
import type { StreamResult } from '../../src/client/stream_result.ts';
import type { Transport } from '../../src/client/transport.ts';
import { QUERY, textOf } from '../support/thread_reading.ts';

/** What became of the streams, by kind and outcome, and whatever must not happen. */
export interface SoakTally {
  counts: Record<string, number>;
  wrong: string[];
}

export interface SoakClientOptions {
  baseUrl: string;
  transport: Transport;
  user: string;
  tally: SoakTally;
  /** From 0 to below 1. */
  random: () => number;
}

type Kind = 'plain' | 'resumable' | 'twice' | 'aborted' | 'slow';
const KINDS: readonly Kind[] = ['plain', 'plain', 'resumable', 'resumable', 'twice', 'aborted', 'slow'];

/** What a deployment may answer while its instances die under it: the client is told, and may try again. */
const TRUTHFUL = new Set(['producer_lost', 'log_regressed', 'draining']);

/** One stream after another, each of another kind, until the signal says stop; then the last one is finished. */
export async function soakClient(options: SoakClientOptions, stop: AbortSignal): Promise<void> {
  const { random, tally } = options;
  while (!stop.aborted) {
    const kind = KINDS[Math.floor(random() * KINDS.length)] as Kind;
    const seed = Math.floor(random() * 1_000_000);
    const tokens = 50 + Math.floor(random() * 250);
    const outcomes = kind === 'twice' ? await twice(options, seed, tokens) : [await once(options, kind, seed, tokens)];
    for (const outcome of outcomes) {
      const name = `${kind} ${outcome}`;
      tally.counts[name] = (tally.counts[name] ?? 0) + 1;
      // A decent client does not come back at once after a refusal.
      if (outcome.startsWith('refused')) await sleep(500 + random() * 500);
    }
  }
}

async function twice(options: SoakClientOptions, seed: number, tokens: number): Promise<string[]> {
  const key = `${options.user}-${seed}`;
  return Promise.all([once(options, 'twice', seed, tokens, key), once(options, 'twice', seed, tokens, key)]);
}

async function once(
  { baseUrl, transport, user, tally, random }: SoakClientOptions,
  kind: Kind,
  seed: number,
  tokens: number,
  key?: string,
): Promise<string> {
  const abort = new AbortController();
  const abortAt = kind === 'aborted' ? Math.floor(random() * tokens) : -1;
  const isResumable = kind !== 'plain' && (kind !== 'aborted' || random() < 0.5);
  let events = 0;
  let saidUnlogged = false;
  const wrong = (what: string) => {
    tally.wrong.push(`${kind} stream of seed ${seed}, ${tokens} tokens: ${what}`);
    return 'wrong';
  };
  const request = {
    query: QUERY,
    model: 'm',
    provider: 'fake',
    resumable: isResumable,
    fake: { seed, tokens, tokens_per_second: 50, ttft_ms: 100 },
  };
  try {
    const result = await openStream(request, {
      baseUrl,
      transport,
      signal: abort.signal,
      headers: { 'x-user': user, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      onEvent: (event) => {
        events += 1;
        if (event.type === 'notice') saidUnlogged = event.data.kind === 'not_resumable';
        if (events === abortAt) abort.abort();
        return kind === 'slow' && events % 10 === 0 ? sleep(300) : undefined;
      },
    });
    // Where Redis is too slow for a moment, as on a busy machine, the stream says so and is a plain one.
    return judge(result, isResumable && !saidUnlogged, textOf({ seed, tokens }), wrong);
  } catch (error) {
    if (abort.signal.aborted) return 'left';
    if (error instanceof StreamRefusal) return `refused with ${error.status}`;
    // No head came: whoever sent a plain request into a dying instance has to send it again.
    return isResumable ? wrong(`no answer: ${String(error)}`) : 'without an answer';
  }
}

function judge(result: StreamResult, survives: boolean, text: string, wrong: (what: string) => string): string {
  if (!text.startsWith(result.text)) return wrong('what came is not what the provider said');
  if (result.outcome === 'complete') return result.text === text ? 'complete' : wrong('complete, and not all of it');
  if (result.outcome === 'error') {
    return TRUTHFUL.has(result.error.error) ? result.error.error : wrong(`ended by ${result.error.error}`);
  }
  return result.outcome === 'truncated' && !survives ? 'truncated' : wrong(`${result.outcome}: ${result.reason}`);
}
