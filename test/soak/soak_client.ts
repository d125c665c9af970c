import { setTimeout as sleep } from 'node:timers/promises';
import { openStream, StreamRefusal, type StreamResult, type Transport } from 'weir-client';
import { QUERY, textOf } from '../support/thread_reading.ts';
import { Timeline } from './timeline.ts';

/** A stream that was not as it must be, with all that its client saw. */
export interface WrongStream {
  what: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
  threadId: string | undefined;
  story: Timeline;
}

/** What became of the streams, by kind and outcome, and whatever must not happen. */
export interface SoakTally {
  counts: Record<string, number>;
  wrong: WrongStream[];
}

export interface SoakClientOptions {
  baseUrl: string;
  transport: Transport;
  /** `HTTP/1.1` or `HTTP/2`, for the evidence. */
  protocol: string;
  user: string;
  tally: SoakTally;
  /** From 0 to below 1. */
  random: () => number;
}

type Kind = 'plain' | 'resumable' | 'twice' | 'aborted' | 'slow';
const KINDS: readonly Kind[] = ['plain', 'plain', 'resumable', 'resumable', 'twice', 'aborted', 'slow'];

/** So many owners may die before a stream may end as lost: three take-overs, and the first one. */
const OWNERS = 4;

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
  { baseUrl, transport, protocol, user, tally, random }: SoakClientOptions,
  kind: Kind,
  seed: number,
  tokens: number,
  key?: string,
): Promise<string> {
  const abort = new AbortController();
  const abortAt = kind === 'aborted' ? Math.floor(random() * tokens) : -1;
  const isResumable = kind !== 'plain' && (kind !== 'aborted' || random() < 0.5);
  const startedAt = Date.now();
  const story = new Timeline();
  let events = 0;
  let lastId = 'none';
  let saidUnlogged = false;
  let threadId: string | undefined;
  const wrong = (what: string) => {
    const stream = `${kind} stream of seed ${seed}, ${tokens} tokens, over ${protocol}, last id ${lastId}`;
    tally.wrong.push({ what: `${stream}: ${what}`, startedAt, endedAt: Date.now(), threadId, story });
    return 'wrong';
  };
  const request = {
    query: QUERY,
    model: 'm',
    provider: 'fake',
    resumable: isResumable,
    fake: { seed, tokens, tokens_per_second: 50, ttft_ms: 100 },
  };
  let outcome: string;
  try {
    const result = await openStream(request, {
      baseUrl,
      transport,
      signal: abort.signal,
      headers: { 'x-user': user, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      onHead: (head) => {
        threadId = head.threadId ?? undefined;
        story.note(`client: an answer of ${head.instance}, thread ${threadId}`);
      },
      onInterrupt: (reason) => story.note(`client: after ${lastId}: ${reason}`),
      onEvent: (event) => {
        events += 1;
        if (event.id !== '') lastId = event.id;
        if (event.type === 'notice') {
          story.note(`client: after ${lastId}: notice ${event.data.kind}`);
          saidUnlogged ||= event.data.kind === 'not_resumable';
        }
        if (events === abortAt) abort.abort();
        return kind === 'slow' && events % 10 === 0 ? sleep(300) : undefined;
      },
    });
    outcome = judge(result, isResumable, textOf({ seed, tokens }), wrong);
  } catch (error) {
    if (abort.signal.aborted) outcome = 'left';
    else if (error instanceof StreamRefusal) outcome = `refused with ${error.status}`;
    // No head came: the client of a plain request to a dying instance has to send it again.
    else outcome = isResumable ? wrong(`no answer: ${String(error)}`) : 'without an answer';
  }
  // Redis is left alone here, so every stream can be as resumable as its request asked.
  if (saidUnlogged && outcome !== 'wrong') return wrong(`said not_resumable, and then: ${outcome}`);
  return outcome;
}

function judge(result: StreamResult, survives: boolean, text: string, wrong: (what: string) => string): string {
  if (!text.startsWith(result.text)) return wrong('what came is not what the provider said');
  if (result.outcome === 'complete') return result.text === text ? 'complete' : wrong('complete, and not all of it');
  if (result.outcome === 'error') {
    const code = result.error.error;
    const isLost = code === 'producer_lost' && result.epoch >= OWNERS;
    return isLost ? code : wrong(`ended by ${code} in epoch ${result.epoch}`);
  }
  return result.outcome === 'truncated' && !survives ? 'truncated' : wrong(`${result.outcome}: ${result.reason}`);
}
