import fc from 'fast-check';
import { nextRandom } from '../../src/adapters/providers/fake_text.ts';
import { type MockOpenai, type MockRequest, startMockOpenai } from './mock_openai.ts';
import { cutAt, ODD_WHOLES, oddStream } from './odd_events.ts';
import { type MockStep, SSE_HEADERS } from './openai_frames.ts';

/** Different answers of each kind; what is asked for by a number is always the same one. */
const POOL = 2_000;

/** What a hostile provider answers to one request. */
export interface HostileAnswer {
  steps: readonly MockStep[];
  /** Its body, one character a byte; undefined where its HTTP is broken too. */
  body: string | undefined;
}

type Protocol = 'chat' | 'responses' | 'messages';

/** Numbers from 0 to below 1, of one seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0 || 1;
  for (let times = 0; times < 3; times += 1) state = nextRandom(state);
  return () => {
    state = nextRandom(state);
    return state / 0x1_0000_0000;
  };
}

/** Answers to requests that name a number as `hostile 17`: odd events, framings and usage, all of them of one seed. */
export class HostileScript {
  readonly #seed: number;
  readonly #streams: Record<Protocol, string[]>;
  readonly #wholes: string[];

  constructor(seed: number) {
    const pool = (arbitrary: fc.Arbitrary<string>) =>
      fc.sample(arbitrary, { numRuns: POOL, seed }).map((text) => Buffer.from(text).toString('latin1'));
    this.#seed = seed;
    this.#streams = {
      chat: pool(oddStream('chat')),
      responses: pool(oddStream('responses')),
      messages: pool(oddStream('messages')),
    };
    this.#wholes = pool(ODD_WHOLES);
  }

  start(): Promise<MockOpenai> {
    return startMockOpenai({ background: false, script: (request) => this.#answerTo(request).steps });
  }

  #answerTo({ path, body, raw }: MockRequest): HostileAnswer {
    const number = /hostile (\d+)/.exec(raw)?.[1];
    // A client cancels a run.
    if (number === undefined) return whole('{}');
    const protocol = /(responses|messages)/.exec(path)?.[1] ?? 'chat';
    return this.answer(Number(number), protocol as Protocol, body.stream === true);
  }

  answer(number: number, protocol: Protocol, streamed: boolean): HostileAnswer {
    const random = randomOf(this.#seed * 31 + number);
    const pool = streamed ? this.#streams[protocol] : this.#wholes;
    const body = pool[Math.floor(random() * POOL)] as string;
    const places = Array.from({ length: Math.floor(random() * 8) }, random);
    const oddity = random();
    if (oddity < 0.02) return oddHead(random, body);
    if (oddity < 0.05) return brokenHttp(random, body, streamed);
    const head: MockStep = streamed ? { head: 200, headers: SSE_HEADERS } : JSON_HEAD;
    const early: MockStep[] = oddity < 0.07 ? [{ raw: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' }] : [];
    const writes = cutAt(body, places).map((piece): MockStep => ({ write: Buffer.from(piece, 'latin1') }));
    const steps = random() < 0.2 ? writes.flatMap((write): MockStep[] => [write, { pause: 2 }]) : writes;
    return { steps: [...early, head, ...steps], body };
  }
}

const JSON_HEAD: MockStep = { head: 200, headers: { 'content-type': 'application/json' } };

const whole = (body: string): HostileAnswer => ({ steps: [JSON_HEAD, { write: body }], body });

function oddHead(random: () => number, body: string): HostileAnswer {
  const status = [204, 302, 400, 404, 429, 500, 503, 599, 600, 999][Math.floor(random() * 10)] as number;
  const headers = { 'content-type': 'application/json', 'retry-after': random() < 0.5 ? '1e400' : '-5' };
  return { steps: [{ head: status, headers }, ...(status === 204 ? [] : [{ write: body }])], body: undefined };
}

/** Bytes that are no HTTP, or end before they should. */
function brokenHttp(random: () => number, body: string, streamed: boolean): HostileAnswer {
  const type = streamed ? 'text/event-stream' : 'application/json';
  const head = (more: string) => `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${more}\r\n\r\n`;
  const chunk = (size: string, text: string) => `${size}\r\n${text}\r\n`;
  const sizes = [
    head(`Content-Length: ${body.length + 10}`) + body,
    head('Transfer-Encoding: chunked') + chunk('zz', body),
    head('Transfer-Encoding: chunked') + chunk(body.length.toString(16), body) + chunk('-1', 'x'),
    head('Transfer-Encoding: chunked') + chunk((body.length + 5).toString(16), body),
    head('Transfer-Encoding: chunked\r\nContent-Encoding: gzip') + chunk('3', 'abc'),
    'HTTP/9.9 what\r\n\r\n',
    '\u0000\u0001\u0002',
  ];
  const raw = sizes[Math.floor(random() * sizes.length)] as string;
  return { steps: [{ raw }, { pause: 5 }, { reset: true }], body: undefined };
}
