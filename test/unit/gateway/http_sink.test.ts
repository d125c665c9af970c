import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { HttpSink } from '../../../src/gateway/http/http_sink.ts';
import { until } from '../../support/until.ts';

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
