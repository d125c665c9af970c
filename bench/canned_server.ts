import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { encodeChunk, encodeComplete, encodeStatus } from '../src/formats/weir/weir_encoder.ts';

/**
 * A server that costs little: the same whole stream for every POST, in one write, or with `--pace` an event every so
 * many milliseconds. `GET /sent` says how many chunks it has sent, so that one clock counts every load generator.
 */
const { values } = parseArgs({
  options: { port: { type: 'string' }, events: { type: 'string' }, pace: { type: 'string', default: '0' } },
});
const chunks = Number(values.events);
const paceMs = Number(values.pace);
const content = 'a few words of an answer ';
const ids = { thread_id: 't', instance: 'app-1', model: 'demo', provider: 'fake' };
const frames = [
  encodeStatus('1.0', { status: 'validated', ...ids }),
  ...Array.from({ length: chunks }, (_, at) => {
    return encodeChunk(`1.${at + 1}`, { content, chunk_index: at + 1, finish_reason: null });
  }),
  encodeComplete(`1.${chunks + 1}`, {
    thread_id: 't',
    chunk_count: chunks,
    total_length: content.length * chunks,
    duration_ms: 1,
    finish_reason: 'stop',
    usage: { input_tokens: 1, output_tokens: chunks, estimated: false },
    sha256: createHash('sha256').update(content.repeat(chunks)).digest('hex'),
  }),
].map((frame) => Buffer.from(frame));
const whole = Buffer.concat(frames);
let sent = 0;

/** Streams under way, and the number of their next frame. */
const open = new Map<ServerResponse, number>();
if (paceMs > 0) {
  setInterval(() => {
    for (const [response, at] of open) {
      if (response.destroyed) open.delete(response);
      else if (at < frames.length - 1) {
        response.write(frames[at]);
        if (at > 0) sent += 1;
        open.set(response, at + 1);
      } else {
        response.end(frames[at]);
        open.delete(response);
      }
    }
  }, paceMs);
}

createServer((request, response) => {
  request.resume();
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sent }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-instance-id': 'app-1' });
  if (paceMs > 0) {
    open.set(response, 0);
    return;
  }
  response.end(whole);
  sent += chunks;
}).listen(Number(values.port), '127.0.0.1');
