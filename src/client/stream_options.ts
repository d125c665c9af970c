import type { StreamEvent } from '../formats/weir/stream_event.ts';
import type { StreamHead, Transport } from './transport.ts';

/** What `openStream` takes besides the request. */
export interface StreamOptions {
  /** Up to and with `/api/v1`, for example `https://localhost/api/v1`. */
  baseUrl: string;
  /** Aborting it closes the request and cancels a resumable stream; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
  transport?: Transport;
  /** Sent along with every request, for example `x-thread-id` or `authorization`; lower-case names. */
  headers?: Record<string, string>;
  /** Each event as it comes, after its check. Nothing more is read until a promise that it returns has settled. */
  onEvent?: (event: StreamEvent) => unknown;
  /** The head of each answer that streams, before its first event, and of the refusal that ends the call. */
  onHead?: (head: StreamHead) => void;
  /**
   * A resumable stream has no connection at the moment and will try again; `reason` says why. `error`: the
   * StreamRefusal that the server answered with, or the transport's error, where there was no answer to follow.
   */
  onInterrupt?: (reason: string, error?: unknown) => void;
  /**
   * Also compare the text with the checksum of `complete` (where WebCrypto is there: https and localhost). Default:
   * for resumable streams.
   */
  verify?: boolean;
  /** A resumable stream's connection that is silent for this long is given up. Default 25,000: heartbeats come every 10 s. */
  silenceMs?: number;
  /** No try to resume starts later than this after the last byte. Default 60,000. */
  giveUpAfterMs?: number;
  /** Whether an abort also ends the generation of a resumable stream. Default true. */
  cancelOnAbort?: boolean;
}

/** What `attachStream` takes besides the thread's id. */
export interface AttachOptions extends StreamOptions {
  /** From the `status` event; not needed by the user who opened the stream. */
  resumeToken?: string;
  /** Id of the last event that was taken; without it the stream is sent from its start. */
  lastEventId?: string;
}
