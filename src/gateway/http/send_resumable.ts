import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Cursor } from '../../core/durable/cursor.ts';
import type { Located } from '../../core/durable/locate_resumable.ts';
import type { ReaderWish } from '../../core/durable/log_format.ts';
import { LogSubscriber, type ResumableSource } from '../../core/durable/log_subscriber.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { HEARTBEAT } from '../../formats/weir/weir_encoder.ts';
import { HttpSink, streamHeaders } from './http_sink.ts';

/** Of an answer: any user who sends it may attach and cancel. */
export const RESUME_TOKEN = 'X-Resume-Token';

/** One client's way to a stream. */
export interface ResumableAnswer {
  threadId: string;
  cursor: Cursor | undefined;
  wish: ReaderWish;
  request: IncomingMessage;
  response: ServerResponse;
  /** On top of those that every stream has. */
  headers: OutgoingHttpHeaders;
  wheel: TimerWheel;
}

/** Sends a stream from the client's cursor on, until its end or until the client leaves. Failures after the head are thrown, too. */
export async function sendResumable(located: Located, answer: ResumableAnswer): Promise<void> {
  const { response, threadId } = answer;
  const { producer, token } = located;
  const headers = { ...answer.headers, 'X-Producer-Id': producer, ...(token ? { [RESUME_TOKEN]: token } : {}) };
  answer = { ...answer, headers };
  if (located.kind === 'ended') {
    response.writeHead(204, { ...headers, 'X-Thread-ID': threadId }).end();
  } else if (located.kind === 'peer') {
    response.writeHead(200, streamHeaders(threadId, headers));
    // Either side's end is the other's: a peer that dies must look to the client like a broken connection.
    await pipeline(Readable.from(located.frames, { objectMode: false }), response).catch(() => response.destroy());
  } else if (located.kind === 'regressed') {
    const sink = newSink(answer);
    sink.open(HEARTBEAT);
    sink.end(located.frame);
  } else {
    await readSource(located.source, answer);
  }
}

function readSource(source: ResumableSource, answer: ResumableAnswer): Promise<void> {
  return new Promise((resolve) => {
    const after = answer.cursor ? answer.cursor.seq : -1;
    const reader = new LogSubscriber(source, newSink(answer), answer.wheel, { ...answer.wish, after }, resolve);
    answer.response.once('close', () => reader.close());
    if (answer.response.destroyed) reader.close();
  });
}

function newSink({ request, response, threadId, headers }: ResumableAnswer): HttpSink {
  return new HttpSink(request, response, streamHeaders(threadId, headers));
}
