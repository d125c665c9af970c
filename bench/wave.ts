import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Streams that one measurement opens, evenly over a second. */
export interface Wave {
  port: number;
  path: string;
  body: Record<string, unknown>;
  headers?: Record<string, string> | undefined;
  streams: number;
  rampMs: number;
}

export interface WaveResult {
  /** `data:` lines received, all streams together. */
  events: number;
  /** From the request to the first text, per stream, in milliseconds. */
  firstTextMs: number[];
  /** Between two reads of text of one stream, in milliseconds. */
  gapsMs: number[];
}

/**
 * Opens the streams and reads them to their ends. Bare sockets and a search in the bytes: what the client burns is
 * taken from the processes under test, as they share the machine.
 * @throws Error when a stream does not end with the last event of its format: a figure from a broken run is none
 */
export async function runWave(wave: Wave): Promise<WaveResult> {
  const request = requestText(wave.path, wave.body, wave.headers);
  const result: WaveResult = { events: 0, firstTextMs: [], gapsMs: [] };
  const streams: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let at = 0; at < wave.streams; at++) {
    const dueMs = (at * wave.rampMs) / wave.streams - (performance.now() - startedAt);
    if (dueMs > 1) await sleep(dueMs);
    const stream = readStream(wave.port, request, result);
    // Awaited below, all together; until then a failure must not count as unhandled.
    stream.catch(() => {});
    streams.push(stream);
  }
  await Promise.all(streams);
  return result;
}

function readStream(port: number, request: string, result: WaveResult): Promise<void> {
  return new Promise((resolve, reject) => {
    const sentAt = performance.now();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let tail = '';
    let textAt = 0;
    socket.once('connect', () => socket.write(request));
    socket.on('data', (bytes) => {
      const text = tail + bytes.toString('latin1');
      if (text.includes('word', tail.length)) {
        const now = performance.now();
        if (textAt === 0) result.firstTextMs.push(now - sentAt);
        else result.gapsMs.push(now - textAt);
        textAt = now;
      }
      for (let at = text.indexOf('data:'); at >= 0; at = text.indexOf('data:', at + 5)) result.events += 1;
      // Shorter than `data:`, so that nothing is counted twice; the last event comes in one piece with what is before it.
      tail = text.slice(-4);
      if (text.includes('[DONE]') || text.includes('"message_stop"')) socket.removeAllListeners('close');
    });
    socket.once('error', reject);
    socket.once('end', () => {
      socket.destroy();
      if (socket.listenerCount('close') === 0) resolve();
      else reject(new Error(`a stream ended early; its last bytes: ${JSON.stringify(tail)}`));
    });
    socket.once('close', () => reject(new Error('a connection was closed in mid-stream')));
  });
}

/** One request by hand; answered over a connection of its own, unless `headers` say `connection: keep-alive`. */
export function requestText(path: string, body: Record<string, unknown>, headers: Record<string, string> = {}): string {
  const text = JSON.stringify(body);
  return [
    `POST ${path} HTTP/1.1`,
    'host: bench',
    'content-type: application/json',
    ...Object.entries({ connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(text)}`,
    '',
    text,
  ].join('\r\n');
}
