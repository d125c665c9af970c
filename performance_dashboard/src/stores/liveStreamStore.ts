import {
  attachStream,
  drill,
  errorSentence,
  openStream,
  type StreamEvent,
  StreamRefusal,
  type StreamResult,
} from '../api.ts';
import { pausedStore, Store } from './store.ts';

const REFRESH_MS = 200;
const KEY = 'weir-live-stream';
/** Bound of the pieces; text beyond it joins the last piece. */
const MAX_PIECES = 500;

/** Text from one instance, up to the next takeover. */
export interface TextPiece {
  instance: string;
  text: string;
}

export interface LiveStreamState {
  phase: 'idle' | 'opening' | 'streaming' | 'interrupted' | 'complete' | 'cancelled' | 'failed';
  threadId: string | null;
  /** The instance that produces it now, or did last; another one may relay it. */
  instance: string | null;
  pieces: readonly TextPiece[];
  tokens: number;
  epoch: number;
  ttftMs: number | null;
  gapsMs: readonly number[];
  /** Whether this page attached to the stream after a reload. */
  attached: boolean;
  checksum: boolean | null;
  /** Why it is reconnecting; one sentence. */
  interruption: string | null;
  error: string | null;
}

const IDLE: LiveStreamState = {
  phase: 'idle',
  threadId: null,
  instance: null,
  pieces: [],
  tokens: 0,
  epoch: 0,
  ttftMs: null,
  gapsMs: [],
  attached: false,
  checksum: null,
  interruption: null,
  error: null,
};

export interface Prompt {
  query: string;
  model: string;
  /** Undefined if `model` is a route. */
  provider: string | undefined;
}

/** The answer that this tab reads. sessionStorage keeps its id, so that a reload attaches to it again. */
class LiveStreamStore extends Store<LiveStreamState> {
  #abort: AbortController | undefined;
  #now: LiveStreamState = IDLE;
  /** When the last token arrived. */
  #lastMs = 0;
  #isBroken = false;
  #thread: Remembered | null = null;

  constructor() {
    super(IDLE);
  }

  async open(baseUrl: string, { query, model, provider }: Prompt): Promise<void> {
    const fake = provider === 'fake' ? { fake: { tokens: 400, tokens_per_second: 20 } } : {};
    const request = { query, model, ...(provider === undefined ? {} : { provider }), resumable: true, ...fake };
    await this.#read(false, (handlers, signal) => openStream(request, { baseUrl, signal, ...handlers }));
  }

  /** Attaches to the stream that this tab read before the reload, if there is one. */
  async resume(baseUrl: string): Promise<void> {
    const kept = remembered();
    if (!kept) return;
    const { thread, token: resumeToken } = kept;
    this.#thread = kept;
    await this.#read(true, (handlers, signal) => attachStream(thread, { baseUrl, signal, resumeToken, ...handlers }));
  }

  /** Ends the answer, on the server too. */
  cancel(): void {
    this.#abort?.abort(new Error('cancelled'));
  }

  async kill(): Promise<void> {
    const { instance } = this.get();
    if (!instance) return;
    await drill(instance, 'kill').catch((error: Error) => this.#patch({ error: error.message }));
  }

  async #read(attached: boolean, start: (handlers: Handlers, signal: AbortSignal) => Promise<Ending>): Promise<void> {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    const startedAt = performance.now();
    pausedStore.set(false);
    this.#now = { ...IDLE, phase: 'opening', attached };
    this.set(this.#now);
    // The page is updated five times a second, whatever the speed of the answer.
    const timer = setInterval(() => this.set(this.#now), REFRESH_MS);
    const handlers: Handlers = {
      onHead: (head) => this.#patch({ instance: head.producer, phase: 'streaming' }),
      onEvent: (event) => this.#take(event, startedAt),
      onInterrupt: (reason, cause) => {
        this.#isBroken = this.#now.tokens > 0;
        this.#patch({ phase: 'interrupted', interruption: whyOf(reason, cause) });
      },
    };
    try {
      this.#patch(endOf(await start(handlers, abort.signal)));
    } catch (error) {
      const why =
        error instanceof StreamRefusal
          ? error.message
          : 'No answer. The path at the top of this page shows where the request stops.';
      this.#patch(abort.signal.aborted ? { phase: 'cancelled' } : { phase: 'failed', error: why });
    }
    clearInterval(timer);
    forget();
    this.#thread = null;
    this.#isBroken = false;
    this.#abort = undefined;
    this.set(this.#now);
  }

  #take(event: StreamEvent, startedAt: number): void {
    const epoch = Number.parseInt(event.id, 10);
    const change: Partial<LiveStreamState> = { phase: 'streaming', ...(epoch > 0 ? { epoch } : {}) };
    if (event.type === 'status') {
      const { thread_id: thread, resume_token: token = '', instance } = event.data;
      this.#remember({ thread, token, producers: { 1: instance, ...this.#thread?.producers } });
      change.threadId = thread;
    }
    if (event.type === 'chunk' && event.data.content !== '') {
      const { pieces, tokens, ttftMs, gapsMs } = this.#now;
      const now = performance.now();
      if (this.#isBroken) change.gapsMs = [...gapsMs, now - this.#lastMs];
      this.#isBroken = false;
      this.#lastMs = now;
      change.pieces = withText(pieces, this.#producerOf(epoch), event.data.content);
      change.tokens = tokens + 1;
      change.ttftMs = ttftMs ?? now - startedAt;
    }
    this.#patch(change);
  }

  /** The instance that produced an epoch, remembered over reloads; else the current one. */
  #producerOf(epoch: number): string {
    const known = this.#thread?.producers[epoch];
    if (known !== undefined) return known;
    const producer = this.#now.instance ?? '?';
    if (this.#thread) this.#remember({ ...this.#thread, producers: { ...this.#thread.producers, [epoch]: producer } });
    return producer;
  }

  #remember(thread: Remembered): void {
    this.#thread = thread;
    remember(thread);
  }

  #patch(change: Partial<LiveStreamState>): void {
    this.#now = { ...this.#now, ...change };
  }
}

type Handlers = Pick<Parameters<typeof openStream>[1], 'onHead' | 'onEvent' | 'onInterrupt'>;
type Ending = StreamResult | Awaited<ReturnType<typeof attachStream>>;

function endOf(result: Ending): Partial<LiveStreamState> {
  const facts = { epoch: result.epoch, gapsMs: result.reconnects.map(({ gapMs }) => gapMs) };
  if (result.outcome === 'complete') return { ...facts, phase: 'complete', checksum: true };
  const error = result.outcome === 'error' ? result.error.message : result.reason;
  return { ...facts, phase: 'failed', checksum: false, error };
}

/** The sentence of the server's error code; without one, the reason of the connection. */
function whyOf(reason: string, cause: unknown): string | null {
  return errorSentence(cause instanceof StreamRefusal ? cause : { code: null, message: reason });
}

function withText(pieces: readonly TextPiece[], instance: string, text: string): readonly TextPiece[] {
  const last = pieces.at(-1);
  if (last && (last.instance === instance || pieces.length >= MAX_PIECES)) {
    return [...pieces.slice(0, -1), { instance: last.instance, text: last.text + text }];
  }
  return [...pieces, { instance, text }];
}

interface Remembered {
  thread: string;
  token: string;
  /** Names of the instances that produced it, by epoch. */
  producers: Readonly<Record<number, string>>;
}

function remembered(): Remembered | null {
  try {
    return JSON.parse(window.sessionStorage.getItem(KEY) ?? 'null') as Remembered | null;
  } catch {
    return null;
  }
}

function remember(thread: Remembered): void {
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify(thread));
  } catch {
    // Storage is switched off: a reload loses the stream.
  }
}

function forget(): void {
  try {
    window.sessionStorage.removeItem(KEY);
  } catch {
    // See above.
  }
}

export const liveStreamStore = new LiveStreamStore();
