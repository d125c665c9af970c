import type { AnswerEnd, CallContext, KeepRun, PartAnswer, PartConsumer } from '../../core/upstream/upstream.ts';
import { asWeirError, type ErrorCode, WeirError } from '../../formats/error_code.ts';
import { type PartParser, type PartSink, parseTypedEvent, type Sight } from '../../formats/event_parser.ts';
import { objectOf } from '../../formats/json_object.ts';
import { responsesFormat } from '../../formats/responses/responses_format.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';
import type { ServerCall, UpstreamServer } from './upstream_server.ts';

/** A run that the provider no longer has, or no longer streams (OpenAI: five minutes after its start). */
const GONE = new Set<unknown>([400, 404, 410]);
/** A run that is to be cancelled is listened to for its name no longer than this. */
const NAME_MS = 60_000;

/**
 * An answer that the provider works on by itself, in the background: closing the socket does not stop it. It is read
 * as long as we want it, left running for another instance that goes on with it, and cancelled when no client wants it.
 */
export class BackgroundRun implements PartAnswer, PartConsumer {
  readonly kind = 'parts';
  readonly #server: UpstreamServer;
  readonly #signal: AbortSignal;
  readonly #wantsParts: boolean;
  readonly #opened = Promise.withResolvers<PartAnswer>();
  /** Ends the reading, not the run. */
  readonly #reading = new AbortController();
  #keepRun: KeepRun = async () => {};
  #run: string | undefined;
  #runIsOver = false;
  #answer: PartAnswer | undefined;
  #consumer: PartConsumer | undefined;
  /** What came before it could be taken, in order: the parts of one event, as the reading then pauses, or an end. */
  #held: (string | AnswerPart)[] = [];
  #ending: ((consumer: PartConsumer) => void) | undefined;
  #hasBegun = false;
  #settled = false;

  private constructor(server: UpstreamServer, signal: AbortSignal, wantsParts: boolean) {
    this.#wantsParts = wantsParts;
    this.#server = server;
    this.#signal = signal;
    this.#opened.promise.catch(() => {});
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Starts a run.
   * @param wantsParts whether more than its text is wanted
   * @returns once `keepRun` knows it
   * @throws as Upstream.open
   */
  static start(
    server: UpstreamServer,
    body: Record<string, unknown>,
    wantsParts: boolean,
    context: CallContext & { keepRun: KeepRun },
  ): Promise<PartAnswer> {
    const { signal, keepRun } = context;
    signal.throwIfAborted();
    const run = new BackgroundRun(server, signal, wantsParts);
    run.#keepRun = keepRun;
    void run.#read({ method: 'POST', path: '/responses', body }, context);
    return run.#opened.promise;
  }

  /**
   * Reads a run again, from its beginning.
   * @returns its answer, and what ends it where it turns out to be another one
   * @throws WeirError producer_lost where the provider no longer has it; and as Upstream.open
   */
  static async resume(server: UpstreamServer, run: string, wantsParts: boolean, context: CallContext) {
    const again = new BackgroundRun(server, context.signal, wantsParts);
    again.#run = run;
    if (context.signal.aborted) again.#onAbort();
    const path = `/responses/${encodeURIComponent(run)}?stream=true`;
    void again.#read({ method: 'GET', path }, context).then(again.#open);
    const answer = await again.#opened.promise.catch((error) => {
      throw GONE.has(error.details?.status) ? new WeirError('producer_lost', { cause: error }) : error;
    });
    return { answer, giveUp: () => again.#leave(new WeirError('cancelled'), true) };
  }

  // --- Answer

  start(consumer: PartConsumer): void {
    this.#consumer = consumer;
    if (this.#hasBegun) consumer.begun?.();
    let full = false;
    for (const part of this.#held) full = !(typeof part === 'string' ? consumer.text(part) : consumer.part(part));
    this.#held = [];
    if (this.#ending) this.#ending(consumer);
    else if (!full) this.#answer?.resume();
  }

  resume(): void {
    this.#answer?.resume();
  }

  // --- the call's consumer

  text(text: string): boolean {
    if (this.#settled) {
      // Only a run that never got a name comes here, and then there is nothing to listen for.
      this.#reading.abort(new WeirError('cancelled'));
      return false;
    }
    return this.#consumer ? this.#consumer.text(text) : this.#hold(text);
  }

  part(part: AnswerPart): boolean {
    if (this.#settled) return false;
    return this.#consumer ? this.#consumer.part(part) : this.#hold(part);
  }

  #hold(part: string | AnswerPart): false {
    if (this.#run !== undefined) this.#held.push(part);
    else this.#leave(this.#notItsFormat(), false);
    return false;
  }

  begun(): void {
    this.#hasBegun = true;
    this.#consumer?.begun?.();
  }

  end(end: AnswerEnd): void {
    // Without a name no client has it yet, and no instance could go on with it.
    if (this.#run === undefined) this.#leave(this.#notItsFormat(), false);
    else if (!this.#settled) this.#settle((consumer) => consumer.end(end));
  }

  fail(error: WeirError): void {
    this.#leave(error, !this.#runIsOver);
  }

  #notItsFormat(): WeirError {
    return new WeirError('upstream_protocol', { details: { provider: this.#server.provider } });
  }

  // --- the run

  async #read(call: ServerCall, { trace }: CallContext): Promise<void> {
    try {
      const parser = new RunEvents(
        this.#wantsParts,
        (run) => this.#known(run),
        () => this.#over(),
      );
      this.#answer = await this.#server.parts(call, parser, { signal: this.#reading.signal, trace });
      this.#answer.start(this);
    } catch (error) {
      this.fail(asWeirError(error));
    }
  }

  readonly #open = (): void => this.#opened.resolve(this);

  #over(): void {
    this.#runIsOver = true;
  }

  #known(run: string): void {
    if (this.#run !== undefined) return;
    this.#run = run;
    if (!this.#settled) {
      void this.#keepRun(run).then(this.#open);
      return;
    }
    // It was cancelled before it had a name.
    this.#cancelRun(run);
    this.#reading.abort(new WeirError('cancelled'));
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#signal;
    this.#leave(reason, !(reason instanceof WeirError && reason.code === 'producer_lost'));
  };

  /** Stops reading. A run that is to be cancelled and has no name yet is listened to until it has one. */
  #leave(error: WeirError, cancel: boolean): void {
    if (this.#settled) return;
    this.#settle((consumer) => consumer.fail(error));
    this.#opened.reject(error);
    if (cancel && this.#run !== undefined) this.#cancelRun(this.#run);
    if (!cancel || this.#run !== undefined) this.#reading.abort(error);
    else setTimeout(() => this.#reading.abort(error), NAME_MS).unref();
  }

  #cancelRun(run: string): void {
    void cancelRun(this.#server, run);
  }

  #settle(ending: (consumer: PartConsumer) => void): void {
    this.#settled = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (this.#consumer) ending(this.#consumer);
    else this.#ending = ending;
  }
}

/** It becomes a part of paths, and of what is stored. */
const RUN = /^[\w.~:=-]{1,256}$/;

/** Events of a run: what it says, and its name, which comes before that. */
class RunEvents implements PartParser {
  readonly #parser: PartParser;
  readonly #known: (run: string) => void;
  readonly #over: () => void;
  readonly complete = false;
  #isNamed = false;

  /** @param over the provider works on the answer no more */
  constructor(wantsParts: boolean, known: (run: string) => void, over: () => void) {
    this.#parser = responsesFormat.partParser(wantsParts);
    this.#known = known;
    this.#over = over;
  }

  readParts(data: string, sink: PartSink): Sight {
    if (!this.#isNamed) {
      const event = parseTypedEvent(data);
      if (event?.type === 'response.created') {
        const run = runOf(event.response);
        if (run === undefined) return 'broken';
        this.#isNamed = true;
        this.#known(run);
        return 'none';
      }
    }
    const sight = this.#parser.readParts(data, sink);
    // An event of its own says nothing of the run; `response.failed` and the like end it.
    if (sight === 'end' || (sight === 'error' && parseTypedEvent(data)?.type !== 'error')) this.#over();
    return sight;
  }

  ending(): AnswerEnd {
    return this.#parser.ending();
  }

  get failure(): ErrorCode | undefined {
    return this.#parser.failure;
  }
}

function runOf(response: unknown): string | undefined {
  const id = objectOf(response)?.id;
  return typeof id === 'string' && RUN.test(id) && !/^\.+$/.test(id) ? id : undefined;
}

/** Ends a run by its name; harmless for one that is over. */
export function cancelRun(server: UpstreamServer, run: string): Promise<void> {
  return server.errand({ method: 'POST', path: `/responses/${encodeURIComponent(run)}/cancel` });
}
