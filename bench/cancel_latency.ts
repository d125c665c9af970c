import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from './rows.ts';
import { requestText } from './wave.ts';

const CANCELS = 100;

/**
 * How long after a client closed its connection the provider sees the end of the call, in milliseconds. One stream
 * after another, each closed after its first text, over 20 ms or so: as a reader who loses interest.
 * @param mockUrl the mock reports when its calls ended; both clocks are this machine's
 */
export async function cancelLatencies(row: Row, mockUrl: string): Promise<number[]> {
  const known = (await earlyCloses(mockUrl)).length;
  const closedAt: number[] = [];
  for (let at = 0; at < CANCELS; at++) {
    closedAt.push(await openAndClose(row.port, requestText(row.path, row.body)));
    // The mock lists its calls in order of start, so each must have ended before the next one starts.
    await ended(mockUrl, known + at + 1);
  }
  const seenAt = (await earlyCloses(mockUrl)).slice(known);
  return closedAt.map((closed, at) => Math.max(0, seenAt[at]! - closed));
}

/** @returns wall clock at which the connection was closed */
function openAndClose(port: number, request: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (!text.includes('word')) return;
      socket.destroy();
      resolve(performance.timeOrigin + performance.now());
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`the stream ended before it could be cancelled: ${text.slice(-200)}`)));
  });
}

async function ended(mockUrl: string, count: number): Promise<void> {
  for (let tries = 0; (await earlyCloses(mockUrl)).length < count; tries++) {
    if (tries > 500) throw new Error('a cancel did not reach the provider within 5 s');
    await sleep(10);
  }
}

async function earlyCloses(mockUrl: string): Promise<number[]> {
  const stats = (await (await fetch(mockUrl)).json()) as { closedEarlyAt: number[] };
  return stats.closedEarlyAt;
}
