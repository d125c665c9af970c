import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { TimerWheel } from '../src/core/time/timer_wheel.ts';

/**
 * The leanest source of tokens that Node allows, to show what the provider `fake` costs beyond it: a timer a stream, an
 * id before each event, one framed write to the socket. No admission, no checks, no checksum, no back-pressure, no log.
 */
const { values } = parseArgs({ options: { path: { type: 'string' } } });
const wheel = new TimerWheel(1);
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const DONE = 'data: [DONE]\n\n';
const framed = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

createServer(async (request, response) => {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  const { fake } = JSON.parse(body);
  const words: string[] = fake.text.split(' ').slice(0, -1);
  const pace = 1000 / fake.tokens_per_second;
  const socket = response.socket!;
  let seq = 0;
  let due = performance.now() + fake.ttft_ms;
  const timer = wheel.timer(() => {
    if (seq === words.length) {
      socket.end(`${framed(DONE)}0\r\n\r\n`);
      return;
    }
    const content = words[seq++];
    const data = JSON.stringify({ content, chunk_index: seq, finish_reason: null });
    socket.write(framed(`id: 1.${seq}\nevent: chunk\ndata: ${data}\n\n`), 'latin1');
    due += pace;
    timer.armAt(due);
  });
  socket.write(HEAD);
  timer.armAt(due);
}).listen(values.path, () => process.stdout.write('listening\n'));
