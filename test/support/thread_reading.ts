import { createHash } from 'node:crypto';
import { fakeTokens } from '../../src/adapters/providers/fake_text.ts';
import { SseDecoder, type SseEvent } from '../../src/formats/sse/sse_decoder.ts';

/** What a test asks of the fake provider. */
export interface Spoken {
  seed: number;
  tokens: number;
  tokens_per_second?: number;
}

export const QUERY = 'q';

/** Body of a resumable stream of the fake provider. */
export function resumable(fake: Spoken) {
  return { query: QUERY, model: 'm', provider: 'fake', resumable: true, fake: { ttft_ms: 0, ...fake } };
}

/** The whole text that the fake provider is known to give. */
export function textOf({ seed, tokens }: Spoken): string {
  return fakeTokens(seed, QUERY).take(tokens).toArray().join('');
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** One connection to a stream, read as it comes. */
export interface Reading {
  status: number;
  headers: Headers;
  events: SseEvent[];
  /** How the body ended; `broken` is a connection that broke. */
  ended: Promise<'ended' | 'broken'>;
  /** Leaves, as a client that goes away does. */
  leave(): void;
}

/** Sends one request and resolves with its head; events arrive afterwards. */
export async function readStream(url: string, init: RequestInit = {}): Promise<Reading> {
  const abort = new AbortController();
  const response = await fetch(url, { ...init, signal: abort.signal });
  const events: SseEvent[] = [];
  const decoder = new SseDecoder();
  const follow = async () => {
    if (!response.body) return 'ended' as const;
    try {
      for await (const bytes of response.body) {
        decoder.push(bytes);
        for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
      }
      return 'ended' as const;
    } catch {
      return 'broken' as const;
    }
  };
  return {
    status: response.status,
    headers: response.headers,
    events,
    ended: follow(),
    leave: () => abort.abort(),
  };
}

/** `POST /api/v1/stream`. @param url of an instance */
export function openThread(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Reading> {
  return readStream(`${url}/api/v1/stream`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** `GET /api/v1/stream/{id}`, from `after` on where it is given. */
export function attach(
  url: string,
  threadId: string,
  after?: string,
  headers: Record<string, string> = {},
): Promise<Reading> {
  const cursor: Record<string, string> = after === undefined ? {} : { 'Last-Event-ID': after };
  return readStream(`${url}/api/v1/stream/${threadId}`, { headers: { ...cursor, ...headers } });
}

export function cancelAt(url: string, threadId: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/api/v1/stream/${threadId}`, { method: 'DELETE', headers });
}

export const threadOf = (reading: Reading) => reading.headers.get('x-thread-id') as string;
const named = (reading: Reading, name: string) => reading.events.filter(({ event }) => event === name);
export const chunks = (reading: Reading) => named(reading, 'chunk');
export const notices = (reading: Reading) =>
  named(reading, 'notice').map(({ data }) => JSON.parse(data).kind as string);

export function contentOf(...readings: Reading[]): string {
  return readings
    .flatMap(chunks)
    .map(({ data }) => JSON.parse(data).content as string)
    .join('');
}

/** Data of the one event of that name; the whole stream may have only one. */
export function only(reading: Reading, name: string): Record<string, unknown> {
  const found = named(reading, name);
  if (found.length !== 1) throw new Error(`${found.length} events ${name} among ${reading.events.length}`);
  return JSON.parse((found[0] as SseEvent).data);
}

/** Id of the last event that has one. */
export function lastId(reading: Reading): string {
  return reading.events.at(-1)?.id ?? '';
}

/** Sequence numbers of all numbered events, over all connections of a client. */
export function sequence(...readings: Reading[]): number[] {
  const numbered = readings.flatMap(({ events }) =>
    events.filter(({ event }) => ['status', 'chunk', 'complete', 'error'].includes(event)),
  );
  return numbered.map(({ id }) => Number(id.split('.')[1]));
}
