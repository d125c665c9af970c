import { drill, openStream, type StreamEvent, StreamRefusal } from '../api.ts';
import type { DrillStream } from '../view/experimentVerdicts.ts';
import { tokensOf } from '../view/experimentVerdicts.ts';
import { apiKey } from './apiKey.ts';
import { pausedStore, Store } from './store.ts';

const REFRESH_MS = 200;
/** Two per instance: within the limit of three even when one instance is gone. */
const STREAMS = 6;
export const DRILL_TOKENS = 160;
const TOKENS_PER_SECOND = 25;
/** The kill happens when every stream has at least this many tokens. */
const KILL_AFTER_TOKENS = 40;

export interface DrillState {
  phase: 'idle' | 'running' | 'finished' | 'stopped' | 'failed';
  streams: readonly DrillStream[];
  killed: string | null;
  /** Tokens that each stream had when the kill was requested. */
  killedAt: readonly number[];
  error: string | null;
}

const IDLE: DrillState = { phase: 'idle', streams: [], killed: null, killedAt: [], error: null };

/** Kills an instance while this page reads resumable streams. */
class DrillStore extends Store<DrillState> {
  #abort: AbortController | undefined;

  constructor() {
    super(IDLE);
  }

  /** @param victim the instance to kill */
  async start(apiBaseUrl: string, victim: string): Promise<void> {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    const streams = Array.from({ length: STREAMS }, (_, index) => newStream(index));
    const publish = (change: Partial<DrillState>) => {
      const copies = streams.map((stream) => ({ ...stream, parts: stream.parts.map((part) => ({ ...part })) }));
      this.set({ ...this.get(), ...change, streams: copies });
    };
    pausedStore.set(false);
    this.set(IDLE);
    publish({ phase: 'running' });
    let asked = false;
    const timer = setInterval(() => {
      if (!asked && streams.every((stream) => tokensOf(stream) >= KILL_AFTER_TOKENS)) {
        asked = true;
        publish({ killed: victim, killedAt: streams.map(tokensOf) });
        // A kill that failed must not appear in the result.
        drill(victim, 'kill').catch((error: Error) => publish({ killed: null, error: error.message }));
      }
      publish({});
    }, REFRESH_MS);
    await Promise.all(streams.map((stream) => read(apiBaseUrl, stream, abort.signal)));
    clearInterval(timer);
    this.#abort = undefined;
    const failed = this.get().error !== null;
    publish({ phase: failed ? 'failed' : abort.signal.aborted ? 'stopped' : 'finished' });
  }

  stop(): void {
    this.#abort?.abort(new Error('stopped'));
  }
}

function newStream(index: number): DrillStream {
  return { index, parts: [], epoch: 0, gapsMs: [], state: 'opening', checksum: null, reason: null };
}

/** Reads one stream and records which instance sent which tokens. Never rejects. */
async function read(baseUrl: string, stream: DrillStream, signal: AbortSignal): Promise<void> {
  let instance = '?';
  let lastMs = 0;
  const onEvent = (event: StreamEvent) => {
    stream.state = 'streaming';
    const epoch = Number.parseInt(event.id, 10);
    if (epoch > 0) stream.epoch = epoch;
    if (event.type !== 'chunk' || event.data.content === '') return;
    const last = stream.parts.at(-1);
    const now = performance.now();
    if (last && last.instance !== instance) stream.gapsMs = [...stream.gapsMs, now - lastMs];
    lastMs = now;
    if (last?.instance === instance) last.tokens += 1;
    else stream.parts.push({ instance, tokens: 1 });
  };
  const request = {
    query: 'Failover drill',
    model: 'demo',
    provider: 'fake',
    resumable: true,
    fake: { tokens: DRILL_TOKENS, tokens_per_second: TOKENS_PER_SECOND, seed: stream.index + 1 },
  };
  try {
    const result = await openStream(request, {
      baseUrl,
      signal,
      onEvent,
      onHead: (head) => {
        instance = head.producer ?? '?';
      },
      onInterrupt: () => {
        stream.state = 'interrupted';
      },
    });
    stream.epoch = result.epoch;
    stream.gapsMs = result.reconnects.map(({ gapMs }) => gapMs);
    stream.state = result.outcome === 'complete' ? 'whole' : 'broken';
    stream.checksum = result.outcome === 'complete';
    if (result.outcome !== 'complete') {
      stream.reason = result.outcome === 'error' ? result.error.message : result.reason;
    }
  } catch (error) {
    stream.state = 'broken';
    stream.reason = signal.aborted ? `${(error as Error).message}` : reasonOf(error);
  }
}

/** The API's message names a header; the user of the page has a field for the key instead. */
function reasonOf(error: unknown): string {
  if (!(error instanceof StreamRefusal)) return 'no answer';
  if (error.code !== 'unauthorized' || apiKey() !== null) return error.message;
  return 'the API requires a key; enter one at the top of this page';
}

export const drillStore = new DrillStore();
