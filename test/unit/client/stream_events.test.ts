import { afterEach, describe, expect, it } from 'vitest';
import { streamEvents } from '../../../packages/client/src/stream_events.ts';
import type { Transport } from '../../../packages/client/src/transport.ts';
import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import { until } from '../../support/until.ts';
import { type Answer, cut, hang, refuse, ScriptedServer, stream, THREAD, transcript } from './scripted_server.ts';

const REQUEST = { query: 'hi', model: 'demo', resumable: true };
const FRAMES = transcript(['One ', 'two.']);

const servers: ScriptedServer[] = [];

async function serve(...answers: Answer[]): Promise<ScriptedServer> {
  const server = await new ScriptedServer(answers).listen();
  servers.push(server);
  return server;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function all(events: AsyncIterable<StreamEvent>, got: StreamEvent['type'][] = []) {
  for await (const event of events) got.push(event.type);
  return got;
}

describe('streamEvents', () => {
  it('gives the events in order, over a reconnect, and ends after the terminal', async () => {
    const { baseUrl } = await serve(cut(FRAMES.slice(0, 2).join('')), stream(FRAMES.slice(2)));
    expect(await all(streamEvents(REQUEST, { baseUrl }))).toEqual(['status', 'chunk', 'chunk', 'complete']);
  });

  it('throws where the stream has no end, after the events that came', async () => {
    const { baseUrl } = await serve(cut(FRAMES.slice(0, 2).join('')), refuse(404, 'not_found'));
    const got: StreamEvent['type'][] = [];
    await expect(all(streamEvents(REQUEST, { baseUrl }), got)).rejects.toMatchObject({
      name: 'StreamIncomplete',
      result: { outcome: 'truncated', text: 'One ' },
    });
    expect(got).toEqual(['status', 'chunk']);
  });

  it('throws a refusal, and the reason of an abort', async () => {
    const { baseUrl } = await serve(refuse(429, 'too_many_connections'), hang(FRAMES.slice(0, 1)));
    await expect(all(streamEvents(REQUEST, { baseUrl }))).rejects.toMatchObject({ code: 'too_many_connections' });
    const controller = new AbortController();
    const reason = new Error('stop');
    const aborted = (async () => {
      for await (const _ of streamEvents(REQUEST, { baseUrl, signal: controller.signal })) controller.abort(reason);
    })();
    await expect(aborted).rejects.toBe(reason);
  });

  it.each([
    ['events wait', stream(FRAMES)],
    ['the server is silent', hang(FRAMES.slice(0, 2))],
  ])('cancels the stream when the loop is left while %s', async (_, answer) => {
    const server = await serve(answer);
    for await (const event of streamEvents(REQUEST, { baseUrl: server.baseUrl })) {
      if (event.type === 'chunk') break;
    }
    await until('the DELETE', () => server.calls.includes(`DELETE ${THREAD}`));
  });

  it('reads at most one event ahead of the loop', async () => {
    let read = 0;
    const frames = transcript(Array.from({ length: 50 }, () => 'a'));
    const transport: Transport = async () => ({
      status: 200,
      headers: (name) => (name === 'content-type' ? 'text/event-stream' : null),
      body: (async function* () {
        for (const frame of frames) {
          read += 1;
          yield new TextEncoder().encode(frame);
        }
      })(),
    });
    let taken = 0;
    for await (const _ of streamEvents(REQUEST, { baseUrl: 'http://x/api/v1', transport })) {
      taken += 1;
      // Time in which everything would be read that can be.
      await new Promise((resolve) => setImmediate(resolve));
      expect(read).toBeLessThanOrEqual(taken + 1);
    }
    expect(taken).toBe(frames.length);
  });
});
