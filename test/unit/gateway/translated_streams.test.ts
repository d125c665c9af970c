import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Encoder, Outlet } from '../../../src/core/stream/encoder.ts';
import { Relay } from '../../../src/core/stream/relay.ts';
import { parsedAnswer } from '../../../src/core/upstream/parsed_answer.ts';
import type { ByteConsumer } from '../../../src/core/upstream/upstream.ts';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import { type AnswerPart, type StreamPart, sealedBy } from '../../../src/formats/stream_part.ts';
import { FormatEncoder, WeirEncoder } from '../../../src/gateway/endpoints/encoders.ts';
import { SCENARIOS } from '../formats/scenarios.ts';

/** What the relay writes of an upstream's events, the whole way from its bytes to the client's. */

const UPSTREAMS = { chat: chatFormat, responses: responsesFormat, messages: messagesFormat };
type Name = keyof typeof UPSTREAMS;
const NAMES = Object.keys(UPSTREAMS) as Name[];
const CLIENTS = [...NAMES, 'weir'] as const;
type Client = (typeof CLIENTS)[number];

const HEAD = { id: '1', created: 1_700_000_000, model: 'm', body: { stream_options: { include_usage: true } } };
const STATUS = { status: 'validated', thread_id: '1', instance: 'one', model: 'm', provider: 'real' } as const;

function encoderOf(client: Client): Encoder {
  return client === 'weir'
    ? new WeirEncoder(STATUS, 2, true)
    : new FormatEncoder(UPSTREAMS[client], HEAD, () => HEAD.body);
}

const OBSERVER = { firstToken() {}, gap() {}, closed() {}, opened() {} };

/** A stream under way, and what its client has got. */
function relayed(upstream: Name, client: Client, wantsParts = true) {
  let bytes: ByteConsumer | undefined;
  const answer = {
    kind: 'bytes',
    status: 200,
    headers: {},
    contentType: 'text/event-stream',
    start: (consumer: ByteConsumer) => {
      bytes = consumer;
    },
    resume() {},
    finish() {},
  } as const;
  const relay = new Relay(encoderOf(client), OBSERVER as never, 0);
  let out = '';
  const outlet = {
    full: false,
    write: (frame: string) => {
      out += frame;
      return true;
    },
  } as unknown as Outlet;
  relay.attach(outlet, true);
  const ending = relay.run(
    Promise.resolve(parsedAnswer(answer, UPSTREAMS[upstream].partParser(wantsParts), 'real')),
    new AbortController().signal,
  );
  return {
    push: (event: string) => bytes?.bytes(Buffer.from(event).toString('latin1')),
    end: async () => {
      bytes?.end();
      return out + relay.lastFrame(await ending).replace(/"duration_ms":\d+/, '"duration_ms":0');
    },
    get out() {
      return out;
    },
  };
}

const golden = (name: string, file: string) => path.join(import.meta.dirname, '../formats/golden', name, `${file}.sse`);
const eventsOf = (upstream: Name, answer: string) =>
  readFileSync(golden(upstream, answer), 'utf8')
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => `${event}\n\n`);

/** Where `/api/v1/stream` shows of an upstream what its format says in another way. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'messages filtered': 'filtered_as_refusal',
  'messages refusal': 'refusal_as_text',
  'messages citations': 'citations_without_places',
  'messages stop_sequence': 'stop_sequence_named',
  'chat error': 'provider_error',
  'responses error': 'provider_error',
  'messages error': 'provider_error',
};

const cells = NAMES.flatMap((upstream) => Object.keys(SCENARIOS).map((answer) => [upstream, answer] as const));
const carriers = cells.flatMap(([upstream, answer]) => CLIENTS.map((client) => [upstream, client, answer] as const));

describe('an answer on its way', () => {
  it.each(cells)('from %s to /api/v1/stream: %s has the events of its golden file', async (upstream, answer) => {
    const stream = relayed(upstream, 'weir');
    await Promise.resolve();
    for (const event of eventsOf(upstream, answer)) stream.push(event);
    await expect(await stream.end()).toMatchFileSnapshot(golden('weir', OTHERWISE[`${upstream} ${answer}`] ?? answer));
  });

  it.each(carriers)(
    'from %s to %s: all that an event of "%s" brings leaves at once',
    async (upstream, client, answer) => {
      const stream = relayed(upstream, client);
      await Promise.resolve();
      const encoder = encoderOf(client);
      const reader = UPSTREAMS[upstream].reader();
      let expected = encoder.status(0);
      let seq = 0;
      let chunks = 0;
      expect(stream.out).toBe(expected);
      for (const event of eventsOf(upstream, answer)) {
        stream.push(event);
        for (const part of reader.read(event.replace(/^event: .*\n/, '').slice('data: '.length, -2))) {
          const frame = frameOf(encoder, part, seq + 1, chunks + 1);
          if (part.type === 'text') chunks += 1;
          if (frame !== '') seq += 1;
          expected += frame;
        }
        expect(stream.out).toBe(expected);
      }
      const whole = await stream.end();
      expect(whole.startsWith(expected)).toBe(true);
      expect(whole.length).toBeGreaterThan(expected.length);
    },
  );

  it.each(NAMES)('a client that wants text alone still sees that %s refused', async (upstream) => {
    const stream = relayed(upstream, 'weir', false);
    await Promise.resolve();
    for (const event of eventsOf(upstream, 'refusal')) stream.push(event);
    expect(await stream.end()).toContain('"finish_reason":"refusal"');
  });
});

function frameOf(encoder: Encoder, part: StreamPart, seq: number, chunk: number): string {
  if (part.type === 'text') return encoder.chunk(seq, part.text, chunk);
  return part.type === 'usage' || part.type === 'finish' || part.type === 'error'
    ? ''
    : encoder.part(seq, ofReal(part));
}

/** As the relay gets it: seals name the provider. */
function ofReal(part: AnswerPart): AnswerPart {
  return part.type === 'reasoning_seal' ? sealedBy(part, 'real') : part;
}

it('a long text is cut between its characters', async () => {
  const stream = relayed('chat', 'chat');
  await Promise.resolve();
  const content = `${'a'.repeat(16_383)}🌉b`;
  stream.push(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
  expect(stream.out).toContain('"content":"🌉b"');
});
