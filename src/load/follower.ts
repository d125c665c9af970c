import type { StreamHead } from '../client/stream_head.ts';
import type { Transport } from '../client/transport.ts';
import type { Ending } from './ending.ts';
import type { LoadPlan } from './load_plan.ts';

/** Who sends a request: a connection of its own, or headers that name it. */
export interface LoadUser {
  transport: Transport;
  /** Lower-case names. */
  headers?: Record<string, string>;
}

/** What a follower of a stream tells while it goes on. */
export interface StreamWatcher {
  onHead: (head: StreamHead) => void;
  /** A chunk; `hasContent` where it brought text. */
  onChunk: (hasContent: boolean) => void;
  /** The terminal event. */
  onTerminal: () => void;
}

/** Sends one request in some API's words and follows it to its end; rejects where no stream came. */
export type Follower = (plan: LoadPlan, user: LoadUser, signal: AbortSignal, watcher: StreamWatcher) => Promise<Ending>;
