import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamCheck } from '../../../packages/client/src/stream_check.ts';
import { SseDecoder } from '../../../src/formats/sse/sse_decoder.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import type { Gateway } from '../../../src/gateway/build_gateway.ts';
import { runs } from '../../support/fast_check_runs.ts';
import { startGateway, stopGateway } from '../../support/gateway_here.ts';
import { type RouteFile, routeFile } from '../../support/route_files.ts';
import { FORMATS, formatOf, written } from './formats_under_test.ts';
import { partsOf, RECORDINGS, recording } from './recordings.ts';
import { SCENARIOS } from './scenarios.ts';

const NAMES = Object.keys(FORMATS);

/** The scenarios, and one that no provider writes: its events stop in the middle. */
const ANSWERS = [...Object.keys(SCENARIOS), 'truncation'];

/** Golden files that have another name than their scenario. */
const GOLDEN: Record<string, string> = {
  // Which error it was is the provider's word for it, and that is not ours.
  error: 'provider_error',
  // What a truncated answer becomes is what the scenario "error" is made of.
  truncation: 'error',
};

interface Difference {
  /** What the upstream format does not carry, or carries in another way. */
  why: string;
  upstreams: readonly string[];
  clients: readonly string[];
  /** Undefined: all. */
  answer?: string;
  /** What stands in the client's events, and what the golden file has there. */
  replace?: readonly [written: string, golden: string];
  /** The golden file for it, where nearly every event differs. */
  golden?: string;
}

/** All that differs between the golden file of a client format and what is written of an upstream format's events. */
const DIFFERENCES: readonly Difference[] = [
  {
    why: 'responses and messages always count tokens of a cache, also none',
    upstreams: ['responses', 'messages'],
    clients: ['chat'],
    replace: [',"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0}', ''],
  },
  {
    why: 'responses always counts tokens of reasoning, also none',
    upstreams: ['responses'],
    clients: ['chat'],
    replace: [',"completion_tokens_details":{"reasoning_tokens":0}', ''],
  },
  {
    why: 'responses always counts tokens of reasoning, also none',
    upstreams: ['responses'],
    clients: ['messages'],
    replace: [',"output_tokens_details":{"thinking_tokens":0}', ''],
  },
  {
    why: 'OpenAI does not say which sequence stopped the answer',
    upstreams: ['chat', 'responses'],
    clients: ['messages'],
    answer: 'stop_sequence',
    replace: ['"stop_reason":"end_turn","stop_sequence":null', '"stop_reason":"stop_sequence","stop_sequence":"END"'],
  },
  {
    why: 'messages does not say where the cited text ends',
    upstreams: ['messages'],
    clients: ['chat', 'responses'],
    answer: 'citations',
    replace: ['"end_index":0', '"end_index":9'],
  },
  {
    why: 'messages refuses in text',
    upstreams: ['messages'],
    clients: ['chat', 'responses'],
    answer: 'refusal',
    golden: 'refusal_as_text',
  },
];

const differencesOf = (upstream: string, client: string, answer: string) =>
  DIFFERENCES.filter(
    (each) =>
      each.upstreams.includes(upstream) &&
      each.clients.includes(client) &&
      (each.answer === undefined || each.answer === answer),
  );

const goldenPath = (client: string, name: string) => `golden/${client}/${name}.sse`;

/** What a provider of this format sends. */
function recorded(upstream: string, answer: string): Buffer {
  const file = path.join(import.meta.dirname, goldenPath(upstream, answer === 'truncation' ? 'error' : answer));
  const events = readFileSync(file, 'utf8');
  if (answer !== 'truncation') return Buffer.from(events);
  // Without the error, which responses says twice.
  const last = upstream === 'responses' ? -2 : -1;
  return Buffer.from(`${events.trimEnd().split('\n\n').slice(0, last).join('\n\n')}\n\n`);
}

const cells = NAMES.flatMap((upstream) => ANSWERS.map((answer) => [upstream, answer] as const));

describe.each(NAMES)('written in %s', (client) => {
  it.each(cells)('what %s sends: %s equals the golden file, however its bytes are cut', async (upstream, answer) => {
    const bytes = recorded(upstream, answer);
    const events = written(formatOf(client), partsOf(upstream, [bytes]));
    const differences = differencesOf(upstream, client, answer);
    let compared = events;
    for (const { replace } of differences) if (replace) compared = compared.replaceAll(...replace);
    const golden = differences.find((each) => each.golden)?.golden ?? GOLDEN[answer] ?? answer;
    await expect(compared).toMatchFileSnapshot(goldenPath(client, golden));
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (at) => {
        const edges = [0, ...at.toSorted((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
        expect(written(formatOf(client), partsOf(upstream, pieces))).toBe(events);
      }),
      { numRuns: runs(10) },
    );
  });
});

const recordedCells = Object.entries(RECORDINGS).flatMap(([name, upstream]) =>
  NAMES.map((client) => [name, client, upstream] as const),
);

it.each(recordedCells)('%s as a client of %s gets it', async (name, client, upstream) => {
  const events = written(formatOf(client), partsOf(upstream, [recording(name)]));
  await expect(events).toMatchFileSnapshot(goldenPath(client, `recorded_${name}`));
});

it.each(DIFFERENCES)('differs and has to: $why ($upstreams to $clients)', (difference) => {
  const answers = difference.answer === undefined ? ANSWERS : [difference.answer];
  for (const upstream of difference.upstreams) {
    for (const client of difference.clients) {
      const found = answers.filter((answer) => {
        const golden = readFileSync(
          path.join(import.meta.dirname, goldenPath(client, GOLDEN[answer] ?? answer)),
          'utf8',
        );
        const events = written(formatOf(client), partsOf(upstream, [recorded(upstream, answer)]));
        const text = difference.replace?.[0];
        return events !== golden && (text === undefined || events.includes(text));
      });
      expect(found, `${upstream} to ${client}`).not.toEqual([]);
    }
  }
});

it.each(cells)('what %s sends: %s, ended anywhere, is what came before and an error', (upstream, answer) => {
  const bytes = recorded(upstream, answer);
  // Counts come last, and some servers send none.
  const withoutUsage = (parts: readonly StreamPart[]) => parts.filter(({ type }) => type !== 'usage');
  const whole = withoutUsage(partsOf(upstream, [bytes]));
  fc.assert(
    fc.property(fc.nat(bytes.length), (end) => {
      const parts = withoutUsage(partsOf(upstream, [bytes.subarray(0, end)]));
      const last = parts.at(-1);
      expect(parts.slice(0, -1)).toEqual(whole.slice(0, parts.length - 1));
      if (last?.type === 'error' && last.error.code === 'upstream_truncated') return;
      expect(parts).toEqual(whole);
    }),
    { numRuns: runs(20) },
  );
});

describe('through a gateway', () => {
  const said = [{ role: 'user', content: 'hi' }];
  const FAKE = { text: 'Grüße, 流れる', reasoning_tokens: 3, tool_calls: 2, ttft_ms: 0, tokens_per_second: 0 };
  const AS_CLIENT: Record<string, { path: string; body: object }> = {
    chat: {
      path: '/v1/chat/completions',
      body: { model: 'fake/demo', messages: said, stream_options: { include_usage: true } },
    },
    responses: { path: '/v1/responses', body: { model: 'fake/demo', input: 'hi' } },
    messages: { path: '/v1/messages', body: { model: 'fake/demo', messages: said, max_tokens: 99 } },
    weir: { path: '/api/v1/stream', body: { model: 'demo', provider: 'fake', query: 'hi', parts: true } },
  };

  let gateway: Gateway;
  let provider: Server;
  let routes: RouteFile;
  let url: string;
  /** What the provider answers, each in a write of its own. */
  let pieces: readonly Uint8Array[] = [];
  beforeAll(async () => {
    provider = createServer(async (request, response) => {
      request.resume();
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
      response.end();
    });
    await new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve));
    const base_url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const targets = [{ provider: 'real', model: 'm' }];
    routes = routeFile({ providers: { real: { base_url } }, routes: { real: { targets } } });
    ({ gateway, url } = await startGateway({ WEIR_CONFIG: routes.file, LOG_LEVEL: 'error', INSTANCE_ID: 'one' }));
  });
  afterAll(async () => {
    await stopGateway(gateway);
    provider.close();
    routes[Symbol.dispose]();
  });

  /** The events, without the times in them. */
  async function ask(client: string, more: object): Promise<string> {
    const { path, body } = AS_CLIENT[client] as { path: string; body: object };
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Thread-ID': '1' },
      body: JSON.stringify({ ...body, stream: true, ...more }),
    });
    const events = await answer.text();
    return events
      .replaceAll(/"(created|created_at)":\d+/g, '"$1":1700000000')
      .replaceAll(/"duration_ms":\d+/g, '"duration_ms":0');
  }

  it.each(Object.keys(AS_CLIENT))(
    'the fake provider, asked in %s, sends the events of its golden file',
    async (client) => {
      const events = await ask(client, { fake: FAKE });
      expect(await ask(client, { fake: FAKE })).toBe(events);
      await expect(events).toMatchFileSnapshot(goldenPath(client, 'fake'));
    },
  );

  it.each(ANSWERS)(
    'what chat sends: %s, on /api/v1/stream, equals the golden file, however its bytes are cut',
    async (answer) => {
      const bytes = recorded('chat', answer);
      pieces = [bytes];
      const real = { provider: 'real', model: 'm' };
      const events = await ask('weir', real);
      await expect(events).toMatchFileSnapshot(goldenPath('weir', GOLDEN[answer] ?? answer));
      const check = new StreamCheck();
      const decoder = new SseDecoder();
      decoder.push(Buffer.from(events));
      for (let event = decoder.next(); event; event = decoder.next()) check.take(event);
      expect(check.end()).toBe(true);
      const size = Math.ceil(bytes.length / 7);
      pieces = Array.from({ length: 7 }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
      expect(await ask('weir', real)).toBe(events);
    },
  );
});
