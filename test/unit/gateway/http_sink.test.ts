import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, get } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { beforeAll, expect, it, vi } from 'vitest';
import { allowDirectWrites } from '../../../src/gateway/http/direct_write.ts';
import { HttpSink } from '../../../src/gateway/http/http_sink.ts';
import { issueAuthority, issueLeaf } from '../../../src/stack/certificates/issue_certificates.ts';
import { until } from '../../support/until.ts';

beforeAll(allowDirectWrites);

/** A sink, and the client at its other end, which reads nothing yet. */
async function pair() {
  const begun = Promise.withResolvers<{ sink: HttpSink; response: ServerResponse }>();
  const server = createServer((request, response) => {
    begun.resolve({ sink: new HttpSink(request, response, {}), response });
  }).listen(0);
  const client = connect((server.address() as AddressInfo).port);
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const { sink, response } = await begun.promise;
  const close = async () => {
    client.destroy();
    await once(server.close(), 'close');
  };
  return { sink, response, client, close };
}

it('says when its frames wait and when they have left, and keeps their order with head and end', async () => {
  const { sink, response, client, close } = await pair();
  let drains = 0;
  sink.onDrain(() => {
    drains += 1;
  });
  sink.open('first ');
  const past = vi.spyOn(response.socket as Socket, 'write');
  const frames = ['é'];
  while (sink.write(frames.at(-1) as string)) frames.push(`${frames.length} `.repeat(10_000));
  frames.push('held back');
  expect(sink.write('held back')).toBe(false);
  expect(drains).toBe(0);
  let text = '';
  client.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await until('all has left', () => drains > 0);
  expect(drains).toBe(1);
  expect(sink.write('after')).toBe(true);
  expect(past).not.toHaveBeenCalled();
  sink.end('last');
  await once(client, 'end');
  const body = text.slice(text.indexOf('\r\n\r\n') + 4).replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, '');
  expect(body).toBe(`first ${frames.join('')}afterlast\r\n`);
  await close();
});

it.each([
  ['while frames wait', true],
  ['while none do', false],
])('a connection that breaks %s ends the response, and later writes are dropped', async (_, waits) => {
  const { sink, response, client, close } = await pair();
  const closed = once(response, 'close');
  sink.onDrain(() => {});
  sink.open('first');
  while (waits && sink.write('x'.repeat(100_000)));
  client.resetAndDestroy();
  if (!waits) while (!response.destroyed && sink.write('more')) await setImmediate();
  await closed;
  expect(sink.write('late')).toBe(true);
  expect(sink.takenWhileWaiting()).toBeUndefined();
  await close();
});

it('a client that has stopped reading is known by what its connection has taken, however much more is written', async () => {
  const sinks = Promise.withResolvers<HttpSink>();
  const server = createServer((request, response) => sinks.resolve(new HttpSink(request, response, {}))).listen(0);
  const client = connect((server.address() as AddressInfo).port);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const sink = await sinks.promise;
  sink.open('first');
  expect(sink.takenWhileWaiting()).toBeUndefined();

  // Until the kernels on both sides take no more.
  const piece = 'x'.repeat(1024 * 1024);
  await until('nothing more is taken', async () => {
    sink.write(piece);
    const before = sink.takenWhileWaiting();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return before !== undefined && sink.takenWhileWaiting() === before;
  });
  const taken = sink.takenWhileWaiting();
  for (let more = 0; more < 5; more += 1) {
    sink.write('a token');
    expect(sink.takenWhileWaiting()).toBe(taken);
  }

  client.resume();
  await until('some of it is taken', () => sink.takenWhileWaiting() !== taken);
  client.destroy();
  await once(server.close(), 'close');
});

it('over TLS frames go through the stream, which makes the records, and all arrive', async () => {
  const authority = await issueAuthority();
  const { key, certificate } = await issueLeaf(authority);
  const piece = 'é'.repeat(100_000);
  const server = createTlsServer({ key, cert: certificate }, (request, response) => {
    const sink = new HttpSink(request, response, {});
    const past = vi.spyOn(request.socket, 'write');
    sink.onDrain(() => {
      expect(past).toHaveBeenCalled();
      sink.end('last');
    });
    sink.open('first ');
    let frames = 0;
    while (sink.write(piece)) frames += 1;
    sink.write(`${frames + 1} `);
  }).listen(0);
  const { port } = server.address() as AddressInfo;
  const [response] = await once(get({ port, host: 'localhost', ca: authority.certificate, agent: false }), 'response');
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  const [, middle, frames] = /^first (é+)(\d+) last$/.exec(text) as RegExpExecArray;
  expect(middle).toHaveLength(100_000 * Number(frames));
  await once(server.close(), 'close');
});
