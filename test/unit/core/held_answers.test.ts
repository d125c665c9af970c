import { describe, expect, it } from 'vitest';
import { heldAnswer } from '../../../src/core/upstream/held_answer.ts';
import type { ByteAnswer, ByteConsumer, PartAnswer, PartConsumer } from '../../../src/core/upstream/upstream.ts';
import { ChatEvents } from '../../../src/formats/chat/chat_events.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import { answerFrames, chunkFrame, DONE_FRAME, ROLE_FRAME } from '../../support/openai_frames.ts';

const never = new AbortController().signal;

/** An answer whose steps a test makes. */
function scripted() {
  const log: string[] = [];
  const given: { consumer?: PartConsumer } = {};
  const answer: PartAnswer = {
    kind: 'parts',
    start: (consumer) => {
      given.consumer = consumer;
    },
    resume: () => void log.push('resume'),
  };
  const client = (room: boolean): PartConsumer => ({
    text: (text) => {
      log.push(text);
      return room;
    },
    part: ({ type }) => {
      log.push(type);
      return room;
    },
    end: ({ finishReason }) => void log.push(`end ${finishReason}`),
    fail: ({ code }) => void log.push(`fail ${code}`),
  });
  return { log, answer, client, provider: () => given.consumer as PartConsumer };
}

describe('an answer that is held until it says something', () => {
  it('pauses with its first piece, which is given on first', async () => {
    const { log, answer, client, provider } = scripted();
    const holding = heldAnswer(answer, undefined, 'p', never);
    expect(provider().text('One ')).toBe(false);
    (await holding).start(client(true));
    expect(provider().text('two')).toBe(true);
    provider().end({ finish: 'stop', finishReason: 'stop' });
    expect(log).toEqual(['One ', 'resume', 'two', 'end stop']);
  });

  it('has begun with a thought, without a text, and pauses with the first one', async () => {
    const { log, answer, client, provider } = scripted();
    const holding = heldAnswer(answer, undefined, 'p', never);
    provider().begun?.();
    const held = await holding;
    expect(provider().text('One ')).toBe(false);
    held.start(client(true));
    provider().end({ finish: 'stop', finishReason: 'stop' });
    expect(log).toEqual(['One ', 'resume', 'end stop']);
  });

  it('waits for its client where that is full', async () => {
    const { log, answer, client, provider } = scripted();
    const holding = heldAnswer(answer, undefined, 'p', never);
    provider().text('One ');
    const held = await holding;
    held.start(client(false));
    expect(log).toEqual(['One ']);
    held.resume();
    expect(log).toEqual(['One ', 'resume']);
  });

  it('fails where it failed before, and reports what became of it since', async () => {
    const early = scripted();
    const failing = heldAnswer(early.answer, undefined, 'p', never);
    early.provider().fail(new WeirError('upstream_truncated'));
    await expect(failing).rejects.toMatchObject({ code: 'upstream_truncated' });
    const late = scripted();
    const holding = heldAnswer(late.answer, undefined, 'p', never);
    late.provider().text('One ');
    late.provider().fail(new WeirError('upstream_truncated'));
    (await holding).start(late.client(true));
    expect(late.log).toEqual(['One ', 'fail upstream_truncated']);
  });

  it('is given up when its signal says so, also by a provider that then only falls silent', async () => {
    const { answer } = scripted();
    const abort = new AbortController();
    const holding = heldAnswer(answer, undefined, 'p', abort.signal);
    abort.abort(new WeirError('upstream_timeout'));
    await expect(holding).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  it('may be empty: that is an answer too', async () => {
    const { log, answer, client, provider } = scripted();
    const holding = heldAnswer(answer, undefined, 'p', never);
    provider().end({ finish: 'stop', finishReason: 'stop' });
    (await holding).start(client(true));
    expect(log).toEqual(['end stop']);
  });
});

/** Sends `bytes` cut into pieces, as far as they are taken; a call that resumes gets the rest. */
function streamOf(bytes: string, size: number, fault?: WeirError): ByteAnswer {
  let at = 0;
  let consumer: ByteConsumer;
  const send = () => {
    while (at < bytes.length) {
      const piece = bytes.slice(at, at + size);
      at += size;
      if (!consumer.bytes(piece)) return;
    }
    if (fault) consumer.fail(fault);
    else consumer.end();
  };
  return {
    kind: 'bytes',
    status: 200,
    headers: {},
    contentType: 'text/event-stream',
    start: (given) => {
      consumer = given;
      send();
    },
    resume: send,
    finish: () => {},
  };
}

const hold = (answer: ByteAnswer) => heldAnswer(answer, new ChatEvents(), 'p', never);

async function read(held: ByteAnswer): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    held.start({
      bytes: (bytes) => {
        text += bytes;
        return true;
      },
      end: () => resolve(text),
      fail: ({ code }) => resolve(`${text}!${code}`),
    });
  });
}

describe('a stream that is held until it says something', () => {
  const whole = `: ping\n\n${answerFrames(['One ', 'two.'], true)}`;

  it.each([1, 7, 64, 10_000])('has all of its bytes still in it, cut into %i', async (size) => {
    expect(await read(await hold(streamOf(whole, size)))).toBe(whole);
  });

  it.each([
    ['ends without a word', ROLE_FRAME, undefined, 'upstream_truncated'],
    ['says an error first', `${ROLE_FRAME}data: {"error":{"message":"No."}}\n\n`, undefined, 'upstream_error'],
    ['breaks off before a word', ROLE_FRAME, new WeirError('upstream_truncated'), 'upstream_truncated'],
  ])('fails when it %s', async (_, bytes, fault, code) => {
    await expect(hold(streamOf(bytes, 50, fault))).rejects.toMatchObject({ code });
  });

  it('is released when it ends properly without content, and after enough bytes without content', async () => {
    const empty = ROLE_FRAME + chunkFrame({}, 'stop') + DONE_FRAME;
    expect(await read(await hold(streamOf(empty, 50)))).toBe(empty);
    const pings = ': ping\n\n'.repeat(40_000);
    const held = await hold(streamOf(pings + whole, 1_000));
    expect(await read(held)).toBe(pings + whole);
  });

  it('that breaks off after its first piece is begun, and its client hears of it', async () => {
    const begun = ROLE_FRAME + chunkFrame({ content: 'One ' });
    const fault = new WeirError('upstream_truncated');
    const held = await hold(streamOf(begun, 10_000, fault));
    expect(await read(held)).toBe(`${begun}!upstream_truncated`);
  });
});
