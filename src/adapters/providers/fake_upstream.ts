import type { ApiFormat } from '../../config/provider_presets.ts';
import { type TimerWheel, WheelTimer } from '../../core/time/timer_wheel.ts';
import { promptText } from '../../core/upstream/client_request.ts';
import { skipDelivered } from '../../core/upstream/skip_delivered.ts';
import type {
  AnswerEnd,
  CallContext,
  ClientFormat,
  Delivered,
  PartAnswer,
  PartConsumer,
  Upstream,
  UpstreamRequest,
} from '../../core/upstream/upstream.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';
import type { FakeOptions } from '../../formats/weir/stream_request.ts';
import { fakeTokens, nextRandom, tokenize } from './fake_text.ts';

/** At full speed this many tokens are sent before other streams get their turn. */
const BURST = 64;
/** A provider that hangs is given up after this, as a real one would be. */
const HANG_MS = 60_000;
/** Makes reasoning other prose than the text of the same seed. */
const REASONING_SEED = 0x5eed;
/** Of made-up tool calls. */
const TOOLS = ['search', 'read_file', 'get_weather'];
const ARGUMENT_WORDS = 3;

const SPEAKS: readonly ApiFormat[] = ['chat', 'responses', 'messages'];

/** A deterministic upstream in this process, with knobs and faults, to try and to test everything else. Its format is parts. */
export class FakeUpstream implements Upstream {
  readonly name = 'fake';
  readonly isFake = true;
  readonly speaks = SPEAKS;
  readonly models = ['demo', 'gpt-3.5-turbo'];
  readonly modelsRequest = undefined;
  readonly #wheel: TimerWheel;

  /** @param wheel one of fine resolution, for the pace of tokens */
  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  unusable(): undefined {
    return undefined;
  }

  serves(format: ClientFormat): boolean {
    return format === 'weir' || SPEAKS.some((spoken) => spoken === format);
  }

  /** It reads the words of a request, and takes everything else. */
  prepare(request: UpstreamRequest): readonly string[] {
    request.generation();
    request.fake();
    return [];
  }

  redact(text: string): string {
    return text;
  }

  async open(request: UpstreamRequest, _model: string, { signal }: CallContext): Promise<PartAnswer> {
    const options = request.fake();
    if (options.fault === 'error_before_head') {
      throw new WeirError('upstream_error', { details: { provider: 'fake', status: 500 } });
    }
    if (options.fault === 'rate_limit') {
      throw new WeirError('upstream_rate_limited', { details: { provider: 'fake', status: 429 }, retryAfter: 7 });
    }
    if (options.fault === 'hang_before_head') await this.#hang(signal);
    return new FakeAnswer(this.#wheel, options, promptText(request.generation()), signal);
  }

  /** The same seed and prompt give the same text, so what was said is said again, compared, and left out. */
  async continueFrom(
    request: UpstreamRequest,
    _model: string,
    delivered: Delivered,
    _run: string | undefined,
    { signal }: CallContext,
  ): Promise<PartAnswer> {
    const prompt = promptText(request.generation());
    const options = { ...request.fake(), ttft_ms: 0 };
    const isText = delivered.every((part) => typeof part === 'string');
    const said = isText ? options.reasoning_tokens + delivered.length : delivered.length;
    return skipDelivered(new FakeAnswer(this.#wheel, options, prompt, signal, said), delivered, () => {});
  }

  #hang(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const timer = this.#wheel.timer(() => reject(new WeirError('upstream_timeout')));
      timer.arm(HANG_MS);
      const onAbort = () => {
        timer.cancel();
        reject(signal.reason);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** Calls of tools: each begins, then come its arguments in pieces, which joined are JSON. */
function toolParts({ seed, tool_calls }: FakeOptions, prompt: string): AnswerPart[] {
  return Array.from({ length: tool_calls }, (_, index): AnswerPart[] => {
    const query = fakeTokens(seed + index + 1, prompt)
      .take(ARGUMENT_WORDS)
      .toArray()
      .join('')
      .trim();
    const pieces = tokenize(JSON.stringify({ query, limit: index + 1 }));
    const name = TOOLS[index % TOOLS.length] as string;
    return [
      { type: 'tool_call', index, id: `call_${index + 1}`, name },
      ...pieces.map((json): AnswerPart => ({ type: 'tool_arguments', index, json })),
    ];
  }).flat();
}

/** Due again for each of its tokens, so it is its own timer. */
class FakeAnswer extends WheelTimer implements PartAnswer {
  readonly kind = 'parts';
  readonly #ttftMs: number;
  /** What to send; where the prose is made up, endless. */
  readonly #given: string[] | undefined;
  readonly #madeUp: Iterator<string, never>;
  /** Tokens of the text. */
  readonly #total: number;
  readonly #reasoning: Iterator<string, never> | undefined;
  readonly #reasoningTokens: number;
  /** What follows the text. */
  readonly #last: readonly AnswerPart[];
  /** Milliseconds between tokens, before jitter; 0 as fast as they are read. */
  readonly #pace: number;
  readonly #jitter: number;
  readonly #inputTokens: number;
  readonly #signal: AbortSignal;
  readonly #fault: string;
  readonly #faultAt: number;
  readonly #said: number;
  #consumer: PartConsumer | undefined;
  /** Of all tokens and parts. */
  #sent = 0;
  #due = performance.now();
  #random: number;
  #full = false;
  #aborted = false;

  /** @param said tokens and parts that are said without delay, as they were said before */
  constructor(wheel: TimerWheel, options: FakeOptions, prompt: string, signal: AbortSignal, said = 0) {
    super(wheel);
    this.#said = said;
    this.#ttftMs = options.ttft_ms;
    this.#jitter = options.jitter;
    this.#given = options.text === undefined ? undefined : tokenize(options.text);
    this.#madeUp = fakeTokens(options.seed, prompt);
    this.#total = this.#given?.length ?? options.tokens;
    const { reasoning_tokens: reasoning } = options;
    this.#reasoningTokens = reasoning;
    this.#reasoning = reasoning > 0 ? fakeTokens(options.seed ^ REASONING_SEED, prompt) : undefined;
    this.#last = options.tool_calls > 0 ? toolParts(options, prompt) : [];
    this.#pace = options.tokens_per_second === 0 ? 0 : 1000 / options.tokens_per_second;
    this.#inputTokens = tokenize(prompt).length;
    this.#random = options.seed;
    const [fault, at] = options.fault.split('@');
    this.#fault = fault as string;
    this.#faultAt = at === undefined ? -1 : Number(at);
    this.#signal = signal;
  }

  start(consumer: PartConsumer): void {
    this.#consumer = consumer;
    const onAbort = () => {
      this.#aborted = true;
      this.cancel();
    };
    if (this.#signal.aborted) {
      this.#aborted = true;
      return;
    }
    this.#signal.addEventListener('abort', onAbort, { once: true });
    this.#due += this.#ttftMs;
    this.armAt(this.#due);
  }

  resume(): void {
    if (!this.#full) return;
    this.#full = false;
    // What a slow reader held up is not caught up in a burst.
    this.#due = Math.max(this.#due, performance.now());
    this.fire();
  }

  /** Sends what is due, then sleeps until the next is. */
  fire(): void {
    const consumer = this.#consumer as PartConsumer;
    for (let burst = 0; burst < BURST; burst += 1) {
      if (this.#aborted || this.#misbehaves(consumer)) return;
      if (this.#sent === this.#reasoningTokens + this.#total + this.#last.length) {
        consumer.end(this.#end());
        return;
      }
      const paced = this.#pace > 0 && this.#sent >= this.#said;
      if (!this.#give(consumer)) {
        this.#full = true;
        if (paced) this.#due += this.#gap();
        return;
      }
      if (paced) {
        this.#due += this.#gap();
        if (this.#due > this.wheel.firedAt) {
          this.armAt(this.#due);
          return;
        }
      }
    }
    setImmediate(() => this.fire());
  }

  /** The next token or part. @returns false when the consumer is full */
  #give(consumer: PartConsumer): boolean {
    const at = this.#sent - this.#reasoningTokens;
    if (at >= 0 && at < this.#total) {
      const text = this.#token();
      this.#sent += 1;
      return consumer.text(text);
    }
    this.#sent += 1;
    if (at < 0) return consumer.part({ type: 'reasoning', text: (this.#reasoning as Iterator<string>).next().value });
    return consumer.part(this.#last[at - this.#total] as AnswerPart);
  }

  /** The next token of the text. */
  #token(): string {
    return this.#given ? (this.#given[this.#sent - this.#reasoningTokens] as string) : this.#madeUp.next().value;
  }

  #end(): AnswerEnd {
    const reasoning = this.#reasoningTokens;
    const finish = this.#last.length > 0 ? 'tool_calls' : 'stop';
    return {
      finish,
      finishReason: finish,
      usage: { input: this.#inputTokens, output: this.#sent, ...(reasoning > 0 ? { reasoning } : {}) },
    };
  }

  #gap(): number {
    if (this.#jitter === 0) return this.#pace;
    this.#random = nextRandom(this.#random);
    return this.#pace * (1 + this.#jitter * ((this.#random / 0xffff_ffff) * 2 - 1));
  }

  #misbehaves(consumer: PartConsumer): boolean {
    if (this.#sent !== this.#faultAt) return false;
    const details = { provider: 'fake' };
    if (this.#fault === 'cut') consumer.fail(new WeirError('upstream_truncated', { details }));
    else if (this.#fault === 'error') consumer.fail(new WeirError('upstream_error', { details }));
    else this.#hang(() => consumer.fail(new WeirError('upstream_timeout', { details })));
    return true;
  }

  #hang(silent: () => void): void {
    const timer = this.wheel.timer(silent);
    timer.arm(HANG_MS);
    this.#signal.addEventListener('abort', () => timer.cancel(), { once: true });
  }
}
