import type { WeirError } from '../../formats/error_code.ts';

/** What is spoken at a door, and by a provider. */
export type Protocol = 'chat' | 'embeddings' | 'responses' | 'messages';

/** One request to a server that speaks the client's own protocol. */
export interface OriginCall {
  method: 'GET' | 'POST';
  /** Below the server's base URL, for example `/chat/completions`. */
  path: string;
  /** As the client sent it, but for the model's name. */
  body: Uint8Array | undefined;
  /** On top of the server's own; never the client's key. */
  headers: Readonly<Record<string, string>>;
  /** The longest silence before the head, and then between bytes. */
  silenceMs: number;
}

/** Takes the bytes of an answer. Exactly one of `end` and `fail` is called, once, last. */
export interface ByteConsumer {
  /** @param bytes one character a byte (Latin-1). @returns false when full: nothing more until `resume` */
  bytes(bytes: string): boolean;
  /** The server ended its answer as HTTP wants it. */
  end(): void;
  fail(error: WeirError): void;
}

/** An answer whose server has sent its head. Nothing flows before `start`. */
export interface OriginAnswer {
  readonly status: number;
  /** Lower-case names; those that clients of the protocol read, and no others. */
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  start(consumer: ByteConsumer): void;
  resume(): void;
  /** The consumer has all that it wants, and hears nothing more; the connection may serve again if it ends soon. */
  finish(): void;
}

/** A server whose answers are passed on as they come. */
export interface Origin {
  readonly name: string;
  readonly speaks: readonly Protocol[];
  /** Where it lists its models, and what it wants to hear with that. */
  readonly modelsPath: string;
  readonly modelsHeaders: Readonly<Record<string, string>>;
  /** Why it can't be used now, in one sentence; undefined when it can. */
  unusable(): string | undefined;
  /** Cuts this server's key out of what it said. */
  redact(text: string): string;
  /**
   * Asks, and waits for the head, whatever its status. Aborting `signal` cancels the call at any time.
   * @throws WeirError upstream_error, upstream_timeout; the signal's reason
   */
  call(call: OriginCall, signal: AbortSignal): Promise<OriginAnswer>;
}
