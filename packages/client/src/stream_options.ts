import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import type { StreamHead, Transport } from './transport.ts';

/** Options of `openStream`. */
export interface StreamOptions {
  /** Ends with `/api/v1`, for example `https://localhost/api/v1`. */
  baseUrl: string;
  /** Aborting it closes the request and cancels a resumable stream; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
  transport?: Transport;
  /** Sent with every request, for example `x-thread-id` or `authorization`; lower-case names. */
  headers?: Record<string, string>;
  /** Called for each checked event. If it returns a promise, reading pauses until it settles. */
  onEvent?: (event: StreamEvent) => unknown;
  /** Called with the head of each response that streams, and of the refusal that ends the call. */
  onHead?: (head: StreamHead) => void;
  /**
   * Called when a resumable stream has lost its connection and will retry; `reason` says why. `error`: the
   * StreamRefusal of the server, or the transport's error; undefined if a stream broke off.
   */
  onInterrupt?: (reason: string, error?: unknown) => void;
  /**
   * Whether to compare the text with the checksum of `complete` (needs WebCrypto: https or localhost). Default: only
   * for resumable streams.
   */
  verify?: boolean;
  /** Silence after which a resumable stream reconnects. Default 25,000, as heartbeats arrive every 10 s. */
  silenceMs?: number;
  /** Time after the last data in which attempts to resume may start. Default 60,000. */
  giveUpAfterMs?: number;
  /** Whether an abort also cancels a resumable stream on the server. Default true. */
  cancelOnAbort?: boolean;
}

/** Options of `attachStream`. */
export interface AttachOptions extends StreamOptions {
  /** From the `status` event. The user who opened the stream does not need it. */
  resumeToken?: string;
  /** Id of the last event that the caller has; without it, the stream is sent from its start. */
  lastEventId?: string;
}
