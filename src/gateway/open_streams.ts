import type { FastifyReply } from 'fastify';
import { WeirError } from '../formats/error_code.ts';

/** The streams of this instance whose connections are open, for the drain. */
export class OpenStreams {
  readonly #aborts = new Set<AbortController>();
  #closed = false;
  #onEmpty: (() => void) | undefined;

  add(abort: AbortController): void {
    this.#aborts.add(abort);
  }

  delete(abort: AbortController): void {
    this.#aborts.delete(abort);
    if (this.#aborts.size === 0) this.#onEmpty?.();
  }

  get size(): number {
    return this.#aborts.size;
  }

  /** @throws WeirError service_unavailable once the drain's deadline has passed */
  refuseWhenClosed(): void {
    if (!this.#closed) return;
    throw new WeirError('service_unavailable', {
      message: 'This instance is shutting down; try again at once, another one will answer.',
      details: { reason: 'draining' },
      retryAfter: 1,
    });
  }

  /** Resolves when the last connection is done. */
  async empty(): Promise<void> {
    if (this.#aborts.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Ends what is still running with `error: draining`, and lets nothing new begin. */
  closeAll(): void {
    this.#closed = true;
    for (const abort of this.#aborts) abort.abort(new WeirError('draining'));
  }
}

/** What ends a request's work from outside: its client that leaves, or the drain's deadline. */
export function abortWhenGone(reply: FastifyReply, open: OpenStreams): AbortController {
  const abort = new AbortController();
  reply.raw.once('close', () => {
    open.delete(abort);
    if (!reply.raw.writableFinished) abort.abort(new WeirError('cancelled'));
  });
  open.add(abort);
  return abort;
}
