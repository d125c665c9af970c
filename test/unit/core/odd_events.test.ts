import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventScanner } from '../../../src/core/upstream/event_scanner.ts';
import { parsedAnswer } from '../../../src/core/upstream/parsed_answer.ts';
import type { AnswerEnd, ByteConsumer } from '../../../src/core/upstream/upstream.ts';
import { wholeUsage } from '../../../src/core/usage/stream_usage.ts';
import { isPlainPiece, parseChatChunk, plainContent } from '../../../src/formats/chat/chat_chunk.ts';
import { ChatEvents } from '../../../src/formats/chat/chat_events.ts';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import { isJson } from '../../../src/formats/json_object.ts';
import { MessagesEvents } from '../../../src/formats/messages/messages_events.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { ResponsesEvents } from '../../../src/formats/responses/responses_events.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import { cutAt, ODD_DATA, ODD_WHOLES, oddStream, PLACES } from '../../support/odd_events.ts';

const READERS = {
  chat: () => new ChatEvents(),
  responses: () => new ResponsesEvents(),
  messages: () => new MessagesEvents(),
};

const FORMATS = { chat: chatFormat, responses: responsesFormat, messages: messagesFormat };

function expectCounts(usage: object = {}): void {
  for (const count of Object.values(usage)) {
    if (typeof count !== 'boolean') expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
  }
}

describe.each(['chat', 'responses', 'messages'] as const)(
  'whatever a provider of %s sends, cut anywhere',
  (protocol) => {
    it('a relay of bytes gives on whole events, sees the same however they are cut, and throws nothing', () => {
      fc.assert(
        fc.property(oddStream(protocol), PLACES, (text, places) => {
          const bytes = Buffer.from(text).toString('latin1');
          const scan = (pieces: readonly string[]) => {
            const reader = READERS[protocol]();
            const scanner = new EventScanner(reader);
            let out = '';
            for (const piece of pieces) out += scanner.push(piece);
            const rest = scanner.end();
            expectCounts(reader.usage);
            expect(['string', 'undefined']).toContain(typeof reader.finishReason);
            if (scanner.terminal === 'broken') expect(rest).toBeUndefined();
            return { out: out + (rest ?? ''), rest, terminal: scanner.terminal };
          };
          const got = scan(cutAt(bytes, places));
          expect(bytes.startsWith(got.out)).toBe(true);
          expect(got).toEqual(scan([bytes]));
        }),
        { numRuns: 500 },
      );
    });
  },
);

/** Everything that a call says to its consumer, who has room for so many pieces at a time. */
function relay(
  protocol: keyof typeof FORMATS,
  pieces: readonly string[],
  room: number,
  wantsParts = false,
): { said: string[]; ends: unknown[]; usage: AnswerEnd['usage'] } {
  const said: string[] = [];
  const ends: unknown[] = [];
  let usage: AnswerEnd['usage'];
  let socket: ByteConsumer | undefined;
  const bytes = {
    kind: 'bytes',
    status: 200,
    headers: {},
    contentType: 'text/event-stream',
    start: (consumer: ByteConsumer) => {
      socket = consumer;
    },
    resume() {},
    finish() {},
  } as const;
  const opened = parsedAnswer(bytes, FORMATS[protocol].partParser(wantsParts), 'odd');
  let left = room;
  opened.start({
    part: ({ type }) => {
      said.push(`(${type})`);
      left -= 1;
      return left > 0;
    },
    text: (text) => {
      said.push(text);
      left -= 1;
      return left > 0;
    },
    end: (end) => {
      ends.push(end.finish);
      usage = end.usage;
    },
    fail: ({ code }) => void ends.push(code),
  });
  for (const piece of pieces) {
    socket?.bytes(piece);
    left = room;
    opened.resume();
  }
  socket?.end();
  for (let times = 0; ends.length === 0 && times < 1000; times += 1) {
    left = room;
    opened.resume();
  }
  return { said, ends, usage };
}

describe.each(['chat', 'responses', 'messages'] as const)(
  'whatever a provider of %s sends, cut anywhere',
  (protocol) => {
    it('a relay of text gives on text, ends once, says the same however it is cut, and throws nothing', () => {
      fc.assert(
        fc.property(oddStream(protocol), PLACES, fc.integer({ min: 1, max: 3 }), (text, places, room) => {
          const bytes = Buffer.from(text).toString('latin1');
          const got = relay(protocol, cutAt(bytes, places), room);
          for (const piece of got.said) expect(typeof piece === 'string' && piece !== '').toBe(true);
          expect(got.ends).toHaveLength(1);
          expect(got.ends).not.toContain('internal_error');
          expectCounts(got.usage);
          expect(got).toEqual(relay(protocol, [bytes], 1000));
        }),
        { numRuns: 500 },
      );
    });

    it('a relay of parts does the same, and says no other text', () => {
      fc.assert(
        fc.property(oddStream(protocol), PLACES, fc.integer({ min: 1, max: 3 }), (text, places, room) => {
          const bytes = Buffer.from(text).toString('latin1');
          const got = relay(protocol, cutAt(bytes, places), room, true);
          expect(got.ends).toHaveLength(1);
          expect(got.ends).not.toContain('internal_error');
          expect(got).toEqual(relay(protocol, [bytes], 1000, true));
        }),
        { numRuns: 500 },
      );
    });
  },
);

describe('a chunk of a chat completion', () => {
  it('what is read without a parser is what a parser reads', () => {
    fc.assert(
      fc.property(ODD_DATA.chat, (data) => {
        const plain = plainContent(data);
        const isPiece = isPlainPiece(data);
        if (!isJson(data) || (plain === undefined && !isPiece)) return;
        const chunk = parseChatChunk(data);
        const [choice] = chunk?.choices ?? [];
        expect(chunk?.error || choice?.finish_reason).toBeFalsy();
        if (plain !== undefined) expect([choice?.delta?.content, chunk?.usage ?? null]).toEqual([plain, null]);
      }),
      { numRuns: 1000 },
    );
  });
});

it('whole answers of any shape have usage that can be added up', () => {
  const formats = fc.constantFrom(...Object.values(FORMATS));
  fc.assert(fc.property(ODD_WHOLES, formats, (body, { usageOf }) => expectCounts(wholeUsage(body, 100, usageOf))));
});

it.each([
  [{ prompt_tokens: 3, completion_tokens: 4 }, 'chat', { input: 3, output: 4 }],
  [{ input_tokens: 3, output_tokens: 4 }, 'responses', { input: 3, output: 4 }],
  [{ input_tokens: 3, output_tokens: 4 }, 'messages', { input: 3, output: 4 }],
  [{ prompt_tokens: 3 }, 'chat', { input: 3, output: 0 }],
  [{ prompt_tokens: 3, completion_tokens: null }, 'chat', { input: 3, output: 0 }],
  ...[{}, { prompt_tokens: null }, { total_tokens: 3 }, null, 5, '3', [], [3]].map((none) => [none, 'chat', undefined]),
  ...['3', -3, 1.5, Number.POSITIVE_INFINITY, Number.NaN, true, [3], {}, 2 ** 53, 1_000_000_001].flatMap((bad) => [
    [{ prompt_tokens: bad, completion_tokens: 4 }, 'chat', undefined],
    [{ prompt_tokens: 3, completion_tokens: 4, prompt_tokens_details: { cached_tokens: bad } }, 'chat', undefined],
    [{ input_tokens: 3, output_tokens_details: { reasoning_tokens: bad } }, 'responses', undefined],
    [{ input_tokens: 3, cache_creation_input_tokens: bad }, 'messages', undefined],
  ]),
] as [unknown, keyof typeof FORMATS, unknown][])('usage of %j in %s is %j', (usage, protocol, counts) => {
  expect(FORMATS[protocol].usageOf(usage)).toEqual(counts);
});
