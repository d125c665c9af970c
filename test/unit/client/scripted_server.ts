import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeChunk, encodeComplete, encodeStatus } from '../../../src/formats/weir/weir_encoder.ts';

/** What a request said. */
export interface SeenRequest {
  call: string;
  cursor: string | undefined;
  token: string | undefined;
  idempotencyKey: string | undefined;
  body: string;
  headers: IncomingMessage['headers'];
}

/** Answers one request. */
export type Answer = (response: ServerResponse, seen: SeenRequest) => void;

/** A server on a real socket that answers its first request with the first answer, and so on; then with 418. */
export class ScriptedServer {
  readonly seen: SeenRequest[] = [];
  readonly #answers: Answer[];
  readonly #server: Server;

  constructor(answers: Answer[]) {
    this.#answers = answers;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async listen(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/api/v1`;
  }

  /** `POST`, `GET t`, `DELETE t`, in order. */
  get calls(): string[] {
    return this.seen.map(({ call }) => call);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const bytes of request.setEncoding('utf8')) body += bytes;
    const header = (name: string) => request.headers[name]?.toString();
    const seen = {
      call: `${request.method} ${request.url?.replace(/^\/api\/v1\/stream\/?/, '')}`.trim(),
      cursor: header('last-event-id'),
      token: header('x-resume-token'),
      idempotencyKey: header('idempotency-key'),
      headers: request.headers,
      body,
    };
    this.seen.push(seen);
    if (request.method === 'DELETE') response.writeHead(202).end();
    else (this.#answers.shift() ?? refuse(418))(response, seen);
  }
}

export const THREAD = 't-1';

/** The frames of a whole answer; `epochs[n]` is the epoch of frame n, 1 where it says nothing. */
export function transcript(parts: string[], epochs: number[] = [], sha256?: string): string[] {
  const text = parts.join('');
  const id = (seq: number) => `${epochs[seq] ?? 1}.${seq}`;
  return [
    encodeStatus(id(0), {
      status: 'validated',
      thread_id: THREAD,
      instance: 'app-1',
      model: 'demo',
      provider: 'fake',
      resume_token: 'token-1',
    }),
    ...parts.map((content, at) => encodeChunk(id(at + 1), { content, chunk_index: at + 1, finish_reason: null })),
    encodeComplete(id(parts.length + 1), {
      thread_id: THREAD,
      chunk_count: parts.length,
      total_length: [...text].length,
      duration_ms: 1,
      finish_reason: 'stop',
      usage: { input_tokens: 1, output_tokens: parts.length, estimated: false },
      sha256: sha256 ?? createHash('sha256').update(text).digest('hex'),
    }),
  ];
}

function head(response: ServerResponse, instance: string): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-thread-id': THREAD,
    'x-instance-id': instance,
  });
}

/** A whole answer. */
export function stream(frames: string[], instance = 'app-1'): Answer {
  return (response) => {
    head(response, instance);
    response.end(frames.join(''));
  };
}

/** An answer whose connection breaks after these bytes. */
export function cut(bytes: string | Uint8Array, instance = 'app-1'): Answer {
  return (response) => {
    head(response, instance);
    response.flushHeaders();
    if (bytes.length === 0) setImmediate(() => response.destroy());
    else response.write(bytes, () => response.destroy());
  };
}

/** An answer that says this and then nothing more. */
export function hang(frames: string[], instance = 'app-1'): Answer {
  return (response) => {
    head(response, instance);
    response.flushHeaders();
    if (frames.length > 0) response.write(frames.join(''));
  };
}

/** A connection that breaks before its head. */
export const drop: Answer = (response) => response.destroy();

export function refuse(status: number, code = 'service_unavailable', headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(status === 204 ? '' : JSON.stringify({ error: code, message: `It is ${code}.`, details: {} }));
  };
}
