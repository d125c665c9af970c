import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventScanner } from '../../../src/core/upstream/event_scanner.ts';
import { parsedAnswer } from '../../../src/core/upstream/parsed_answer.ts';
import type { AnswerEnd, ByteConsumer } from '../../../src/core/upstream/upstream.ts';
import { wholeUsage } from '../../../src/core/usage/stream_usage.ts';
import { isPlainPiece, parseChatChunk, plainContent, textOf } from '../../../src/formats/chat/chat_chunk.ts';
import { ChatEvents } from '../../../src/formats/chat/chat_events.ts';
import { isJson } from '../../../src/formats/json_object.ts';
import { MessagesEvents } from '../../../src/formats/messages/messages_events.ts';
import { reportedUsage } from '../../../src/formats/reported_usage.ts';
import { ResponsesEvents } from '../../../src/formats/responses/responses_events.ts';
import { cutAt, ODD_DATA, ODD_WHOLES, oddStream, PLACES } from '../../support/odd_events.ts';

const READERS = {
  chat: () => new ChatEvents(),
  responses: () => new ResponsesEvents(),
  messages: () => new MessagesEvents(),
};

function expectCounts(usage: AnswerEnd['usage']): void {
  const { input_tokens = 0, output_tokens = 0 } = usage ?? {};
  for (const count of [input_tokens, output_tokens]) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
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
  const opened = parsedAnswer(bytes, new ChatEvents(1, wantsParts), 'odd');
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
      ends.push(end.finishReason);
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

describe('whatever a provider of chat completions sends, cut anywhere', () => {
  it('a relay of text gives on text, ends once, says the same however it is cut, and throws nothing', () => {
    fc.assert(
      fc.property(oddStream('chat'), PLACES, fc.integer({ min: 1, max: 3 }), (text, places, room) => {
        const bytes = Buffer.from(text).toString('latin1');
        const got = relay(cutAt(bytes, places), room);
        for (const piece of got.said) expect(typeof piece === 'string' && piece !== '').toBe(true);
        expect(got.ends).toHaveLength(1);
        expect(got.ends).not.toContain('internal_error');
        expectCounts(got.usage);
        expect(got).toEqual(relay([bytes], 1000));
      }),
      { numRuns: 500 },
    );
  });

  it('a relay of parts does the same, and says no other text', () => {
    fc.assert(
      fc.property(oddStream('chat'), PLACES, fc.integer({ min: 1, max: 3 }), (text, places, room) => {
        const bytes = Buffer.from(text).toString('latin1');
        const got = relay(cutAt(bytes, places), room, true);
        expect(got.ends).toHaveLength(1);
        expect(got.ends).not.toContain('internal_error');
        expect(got).toEqual(relay([bytes], 1000, true));
      }),
      { numRuns: 500 },
    );
  });

  it('what is read without a parser is what a parser reads', () => {
    fc.assert(
      fc.property(ODD_DATA.chat, (data) => {
        const plain = plainContent(data);
        const isPiece = isPlainPiece(data);
        if (!isJson(data) || (plain === undefined && !isPiece)) return;
        const chunk = parseChatChunk(data);
        const [choice] = chunk?.choices ?? [];
        expect(chunk?.error || choice?.finish_reason).toBeFalsy();
        if (plain !== undefined) expect([textOf(choice?.delta), chunk?.usage ?? null]).toEqual([plain, null]);
      }),
      { numRuns: 1000 },
    );
  });
});

it('whole answers of any shape have usage that can be added up', () => {
  fc.assert(fc.property(ODD_WHOLES, (body) => expectCounts(wholeUsage(body, 100))));
});

it.each([
  [
    { prompt_tokens: 3, completion_tokens: 4 },
    { input_tokens: 3, output_tokens: 4 },
  ],
  [
    { input_tokens: 3, output_tokens: 4 },
    { input_tokens: 3, output_tokens: 4 },
  ],
  [{ prompt_tokens: 3 }, { input_tokens: 3, output_tokens: 0 }],
  [
    { prompt_tokens: 3, completion_tokens: null },
    { input_tokens: 3, output_tokens: 0 },
  ],
  ...[{}, { prompt_tokens: null }, { total_tokens: 3 }, null, 5, '3', [], [3]].map((none) => [none, undefined]),
  ...['3', -3, 1.5, Number.POSITIVE_INFINITY, Number.NaN, true, [3], {}, 2 ** 53].map((bad) => [
    { prompt_tokens: bad, completion_tokens: 4 },
    undefined,
  ]),
] as [unknown, unknown][])('usage of %j is %j', (usage, counts) => {
  expect(reportedUsage(usage)).toEqual(counts);
});
