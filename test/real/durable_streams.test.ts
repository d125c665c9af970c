import { DefaultChatTransport, readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attachStream, openStream } from 'weir-client';
import { Deployment } from '../support/deployment.ts';
import {
  attach,
  chunks,
  contentOf,
  lastId,
  only,
  openThread,
  QUERY,
  resumable,
  sequence,
  sha256,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start({ instances: 3 });
});
afterAll(() => deployment.close());

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('a resumable stream whose instance is killed', () => {
  it.each([
    ['which takes it over', 1],
    ['which asks the one that took it over', 2],
  ])('has its rest on another one, %s: each token once, and the right checksum', async (_, other) => {
    const spoken = { seed: 11, tokens: 150, tokens_per_second: 60 };
    const first = await openThread(deployment.url(0), resumable(spoken));
    await until('forty tokens', () => chunks(first).length >= 40);
    await deployment.kill(0);
    expect(await first.ended).toBe('broken');
    const between = other === 2 ? await attach(deployment.url(1), threadOf(first)) : undefined;
    const second = await attach(deployment.url(other), threadOf(first), lastId(first));
    expect(second.status).toBe(200);
    expect(second.headers.get('x-producer-id')).toBe('app-2');
    expect(await second.ended).toBe('ended');
    await deployment.boot(0);

    const text = textOf(spoken);
    expect(contentOf(first, second)).toBe(text);
    expect(sequence(first, second)).toEqual(range(0, 151));
    expect(only(second, 'complete')).toMatchObject({ chunk_count: 150, sha256: sha256(text) });
    expect(second.events.at(-1)?.data).toBe('[DONE]');
    expect(chunks(second).at(-1)?.id).toBe('2.150');
    if (between) {
      await between.ended;
      expect(contentOf(between)).toBe(text);
      expect(between.events.map(({ id }) => id)).toContain(lastId(first));
    }
  });

  it('is whole for the client library, which tries whatever instance comes next', async () => {
    const spoken = { seed: 12, tokens: 150, tokens_per_second: 60 };
    let seen = 0;
    let opened = '';
    const stream = openStream(resumable(spoken), {
      baseUrl: 'http://deployment/api/v1',
      transport: deployment.transport(),
      onHead: ({ instance }) => {
        opened ||= instance ?? '';
      },
      onEvent: () => {
        seen += 1;
      },
    });
    await until('forty events', () => seen > 40);
    const victim = Number(opened.slice(-1)) - 1;
    await deployment.kill(victim);
    const result = await stream;
    await deployment.boot(victim);
    expect(result).toMatchObject({ outcome: 'complete', text: textOf(spoken), chunks: 150, epoch: 2 });
    expect(result.reconnects.length).toBeGreaterThan(0);
  });
});

describe('many clients that come back at once', () => {
  it('cause one takeover of each stream, on whatever instances they ask', async () => {
    const spoken = (seed: number) => ({ seed, tokens: 200, tokens_per_second: 50 });
    const seeds = range(101, 108);
    const user = (seed: number) => ({ 'X-Real-IP': `10.0.1.${seed - 100}` });
    const streams = await Promise.all(
      seeds.map((seed) => openThread(deployment.url(0), resumable(spoken(seed)), user(seed))),
    );
    await until('all of them stream', () => streams.every((reading) => chunks(reading).length > 20));
    await deployment.kill(0);
    await Promise.all(streams.map((reading) => reading.ended));
    const readers = streams.flatMap((reading, at) =>
      range(1, 8).map(async (nth) => {
        const seed = seeds[at] as number;
        const url = deployment.url(1 + (nth % 2));
        const rest = await attach(url, threadOf(reading), lastId(reading), user(seed));
        await rest.ended;
        expect(contentOf(reading, rest)).toBe(textOf(spoken(seed)));
        expect(sequence(reading, rest)).toEqual(range(0, 201));
      }),
    );
    await Promise.all(readers);
    const taken = [1, 2].flatMap((at) => deployment.at(at).lines.filter(({ event }) => event === 'Stream taken over'));
    const ours = new Set(streams.map(threadOf));
    const ids = taken.map(({ thread_id }) => thread_id as string).filter((id) => ours.has(id));
    expect(ids.sort()).toEqual([...ours].sort());
    await deployment.boot(0);
    expect(deployment.errors()).toEqual([]);
  });
});

// They wait for their streams together.
describe.concurrent('attaching', () => {
  const spoken = { seed: 13, tokens: 120, tokens_per_second: 100 };
  const text = textOf(spoken);
  const rest = (from: number) => text.slice(textOf({ seed: 13, tokens: from }).length);

  it.each([
    ['its owner', 0],
    ['another instance, which pipes it', 1],
  ])('to a running stream on %s gives it from the start, or from the cursor on', async (_, at) => {
    const first = await openThread(deployment.url(0), resumable(spoken));
    await until('thirty tokens', () => chunks(first).length >= 30);
    const whole = await attach(deployment.url(at), threadOf(first));
    const part = await attach(deployment.url(at), threadOf(first), '1.10');
    await Promise.all([first.ended, whole.ended, part.ended]);
    expect(whole.events).toEqual(first.events);
    expect(contentOf(part)).toBe(rest(10));
    expect(sequence(part)).toEqual(range(11, 121));
    expect(part.events.at(-2)).toEqual(first.events.at(-2));
  });

  it.each([
    ['its owner', 0],
    ['any other instance', 2],
  ])('after the end replays it on %s, and says 204 to a client that has the end', async (_, at) => {
    const first = await openThread(deployment.url(0), resumable(spoken));
    await first.ended;
    const whole = await attach(deployment.url(at), threadOf(first));
    const part = await attach(deployment.url(at), threadOf(first), '1.119');
    await Promise.all([whole.ended, part.ended]);
    expect(whole.events).toEqual(first.events);
    expect(sequence(part)).toEqual([120, 121]);
    const end = await attach(deployment.url(at), threadOf(first), '1.121');
    expect(end.status).toBe(204);
    const result = await attachStream(threadOf(first), {
      baseUrl: `${deployment.url(at)}/api/v1`,
      lastEventId: '1.121',
    });
    expect(result.outcome).toBe('already_ended');
  });

  it('knows only the user who opened it, and holders of its token', async () => {
    const alice = { 'X-Real-IP': '10.0.0.1' };
    const mallory = { 'X-Real-IP': '10.0.0.2' };
    const first = await openThread(deployment.url(0), resumable(spoken), alice);
    const id = threadOf(first);
    await until('its status', () => first.events.length > 0);
    const token = only(first, 'status').resume_token as string;
    for (const url of [deployment.url(0), deployment.url(1)]) {
      expect((await attach(url, 'no-such-thread', undefined, alice)).status).toBe(404);
      expect((await attach(url, id, undefined, mallory)).status).toBe(404);
      expect((await attach(url, id, undefined, { ...mallory, 'X-Resume-Token': 'guessed' })).status).toBe(404);
    }
    const others = await attach(deployment.url(1), id, undefined, { ...mallory, 'X-Resume-Token': token });
    await Promise.all([first.ended, others.ended]);
    expect(contentOf(others)).toBe(text);
    expect((await attach(deployment.url(1), id, undefined, mallory)).status).toBe(404);
  });

  it('takes the address that it sees for the user, where no proxy is trusted', async () => {
    const plain = await Deployment.start({ instances: 1, env: { TRUSTED_PROXIES: '', HOST: '127.0.0.1' } });
    try {
      const first = await openThread(plain.url(0), resumable(spoken));
      const forged = await attach(plain.url(0), threadOf(first), undefined, { 'X-Real-IP': '10.0.0.9' });
      expect(forged.status).toBe(200);
      const { status } = await fromAddress('127.0.0.9', `${plain.url(0)}/api/v1/stream/${threadOf(first)}`);
      expect(status).toBe(404);
    } finally {
      await plain.close();
    }
  });

  it.each(['x', '1', '1.', '-1.4', '9.1', '0.5', '1.1234567890123', '1.2, 1.3'])(
    'after the absurd id %s is a bad request, running or over, here or elsewhere',
    async (id) => {
      const first = await openThread(deployment.url(0), resumable({ seed: 1, tokens: 30, tokens_per_second: 100 }));
      await until('a token', () => chunks(first).length > 0);
      expect((await attach(deployment.url(0), threadOf(first), id)).status).toBe(400);
      expect((await attach(deployment.url(1), threadOf(first), id)).status).toBe(400);
      await first.ended;
      expect((await attach(deployment.url(1), threadOf(first), id)).status).toBe(400);
    },
  );

  it.each([
    ['its owner', 0],
    ['another instance', 1],
  ])('with more than was said is an error on %s, and never a splice', async (_, at) => {
    const first = await openThread(deployment.url(0), resumable(spoken));
    await until('a token', () => chunks(first).length > 0);
    for (const wait of [undefined, first.ended]) {
      await wait;
      const beyond = await attach(deployment.url(at), threadOf(first), '1.5000');
      expect(await beyond.ended).toBe('ended');
      expect(beyond.events).toHaveLength(1);
      expect(only(beyond, 'error')).toMatchObject({ error: 'log_regressed', retryable: false });
    }
  });
});

async function fromAddress(localAddress: string, url: string): Promise<{ status: number }> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const asked = request(url, { localAddress }, (response) => {
      response.destroy();
      resolve({ status: response.statusCode ?? 0 });
    });
    asked.once('error', reject).end();
  });
}

describe('a stream whose client left before a word was said, and whose instance is killed', () => {
  it('is found by the others, though no client asks for it', async () => {
    const spoken = resumable({ seed: 13, tokens: 5, tokens_per_second: 60 });
    const silent = { ...spoken, fake: { ...spoken.fake, ttft_ms: 30_000 } };
    const first = await openThread(deployment.url(0), silent);
    const id = threadOf(first);
    first.leave();
    const redis = new Redis(deployment.redis.url);
    const logged = async () => {
      const logs = await redis.keys('weir:wal:*');
      return (await Promise.all(logs.map((log) => redis.xrange(log, '-', '+'))))
        .flat()
        .some((entry) => String(entry).includes(id));
    };
    await until('it is in the log', logged);
    redis.disconnect();
    await deployment.kill(0);
    const isTaken = () =>
      [1, 2].some((at) =>
        deployment.at(at).lines.some((line) => line.event === 'Stream taken over' && line.thread_id === id),
      );
    await until('another one has it', isTaken);
    await deployment.boot(0);
  });
});

describe('a chat of the AI SDK', () => {
  const said: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: QUERY }] };
  /** The SDK's own transport, to one instance. */
  const transport = (at: number, fake: object = {}) =>
    new DefaultChatTransport({ api: `${deployment.url(at)}/api/v1/chat`, body: { model: 'fake/demo', fake } });
  const send = (at: number, chatId: string, fake: object) =>
    transport(at, fake).sendMessages({
      trigger: 'submit-message',
      chatId,
      messageId: undefined,
      messages: [said],
      abortSignal: undefined,
    });

  /** Chunks as they come, and how they ended. */
  function follow(stream: ReadableStream<UIMessageChunk>) {
    const chunks: UIMessageChunk[] = [];
    const ended = stream.pipeTo(new WritableStream({ write: (chunk) => void chunks.push(chunk) })).then(
      () => 'ended' as const,
      () => 'broken' as const,
    );
    return { chunks, ended };
  }
  async function messageOf(chunks: readonly UIMessageChunk[]): Promise<UIMessage | undefined> {
    let message: UIMessage | undefined;
    for await (const state of readUIMessageStream({ stream: ReadableStream.from(chunks) })) message = state;
    return message;
  }

  it('whose instance is killed breaks, and is whole on another one: the same message, each chunk once', async () => {
    const spoken = { seed: 21, tokens: 150, tokens_per_second: 60 };
    const first = follow(await send(0, 'killed', spoken));
    await until('forty chunks', () => first.chunks.length >= 40);
    await deployment.kill(0);
    // A clean end without a finish would be a success to the SDK.
    expect(await first.ended).toBe('broken');
    const again = follow((await transport(1).reconnectToStream({ chatId: 'killed' })) as never);
    const elsewhere = follow((await transport(2).reconnectToStream({ chatId: 'killed' })) as never);
    expect(await Promise.all([again.ended, elsewhere.ended])).toEqual(['ended', 'ended']);
    await deployment.boot(0);

    expect(again.chunks.slice(0, first.chunks.length)).toEqual(first.chunks);
    expect(elsewhere.chunks).toEqual(again.chunks);
    const message = await messageOf(again.chunks);
    expect(message?.parts).toMatchObject([
      { type: 'step-start' },
      { type: 'text', text: textOf(spoken), state: 'done' },
    ]);
    expect(message?.metadata).toMatchObject({ provider: 'fake', instance: 'app-1' });
    expect(again.chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'stop' });
    await until('nothing is left to resume', async () => {
      return (await transport(0).reconnectToStream({ chatId: 'killed' })) === null;
    });
  });

  it('goes on after so many chunks for a client that counts them, on another instance than the killed one', async () => {
    const spoken = { seed: 22, tokens: 150, tokens_per_second: 60 };
    const body = JSON.stringify({ id: 'counted', messages: [said], model: 'fake/demo', fake: spoken });
    const answer = await fetch(`${deployment.url(0)}/api/v1/chat`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    const run = answer.headers.get('x-workflow-run-id') as string;
    const first = await readUntil(answer, 40);
    await deployment.kill(0);
    const rest = await fetch(`${deployment.url(1)}/api/v1/chat/${run}/stream?startIndex=${first.length}`);
    const events = [...first, ...eventsOf(await rest.text())];
    await deployment.boot(0);
    const whole = await fetch(`${deployment.url(2)}/api/v1/chat/${run}/stream?startIndex=0`);
    expect(events).toEqual(eventsOf(await whole.text()));
    const deltas = events.map((data) => (data === '[DONE]' ? {} : JSON.parse(data)).delta ?? '');
    expect(deltas.join('')).toBe(textOf(spoken));
  });

  it('is stopped, and replaced, through an instance that does not produce it', async () => {
    const spoken = { seed: 23, tokens: 10_000, tokens_per_second: 60 };
    const stopped = follow(await send(0, 'stopped', spoken));
    const replaced = follow(await send(0, 'replaced', spoken));
    await until('both speak', () => stopped.chunks.length > 3 && replaced.chunks.length > 3);
    const stop = (at: number) => fetch(`${deployment.url(at)}/api/v1/chat/stopped/stop`, { method: 'POST' });
    expect((await stop(1)).status).toBe(202);
    const next = follow(await send(2, 'replaced', { tokens: 3, ttft_ms: 0 }));
    expect(await Promise.all([stopped.ended, replaced.ended, next.ended])).toEqual(['ended', 'ended', 'ended']);
    expect(stopped.chunks.at(-1)).toEqual({ type: 'abort' });
    expect(replaced.chunks.at(-1)).toEqual({ type: 'abort' });
    expect(next.chunks.at(-1)).toMatchObject({ type: 'finish' });
    expect((await stop(2)).status).toBe(204);
  });
});

const eventsOf = (text: string) =>
  text.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? event.slice('data: '.length) : []));

/** Reads until there are so many whole events. */
async function readUntil(answer: Response, count: number): Promise<string[]> {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  reader.closed.catch(() => {});
  const decoder = new TextDecoder();
  let text = '';
  while (text.split('\n\n').length <= count) text += decoder.decode((await reader.read()).value, { stream: true });
  return eventsOf(text.slice(0, text.lastIndexOf('\n\n') + 2));
}
