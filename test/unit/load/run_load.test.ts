import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Transport } from 'weir-client';
import { encodeChunk, encodeComplete, encodeStatus } from '../../../src/formats/weir/weir_encoder.ts';
import { runLoad } from '../../../src/load/run_load.ts';
import { Summary } from '../../../src/load/summary.ts';
import { inFakeTime } from '../../support/fake_time.ts';
import { loadPlan } from '../../support/load_plan.ts';

const PLAN = loadPlan({ concurrency: 10, requests: 30 });
const STATUS = encodeStatus('1.0', {
  status: 'validated',
  thread_id: 't',
  instance: 'app-1',
  model: 'm',
  provider: 'fake',
});
/** SHA-256 of `aa`. */
const AA = createHash('sha256').update('aa').digest('hex');
const CHUNKS = [1, 2].map((at) => encodeChunk(`1.${at}`, { content: 'a', chunk_index: at, finish_reason: null }));
const COMPLETE = encodeComplete('1.3', {
  thread_id: 't',
  chunk_count: 2,
  total_length: 2,
  duration_ms: 1,
  finish_reason: 'stop',
  usage: { input_tokens: 1, output_tokens: 2, estimated: false },
  sha256: AA,
});

/** Nine streams of 2.3 s at once, as the stack's three instances give one user; the tenth is refused. */
class NineStreams {
  active = 0;
  sent = 0;
  /** Never ends a stream. */
  hang = false;

  readonly transport: Transport = async (_url, { signal }) => {
    this.sent += 1;
    if (this.active >= 9)
      return answer(
        429,
        { 'retry-after': '2', 'x-instance-id': 'app-1', 'x-gateway-via': 'nginx' },
        async function* () {},
      );
    this.active += 1;
    const stream = this.#stream(signal);
    return answer(
      200,
      { 'content-type': 'text/event-stream', 'x-instance-id': 'app-1', 'x-gateway-via': 'nginx' },
      () => stream,
    );
  };

  async *#stream(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const encode = (text: string) => new TextEncoder().encode(text);
    try {
      yield encode(STATUS);
      await wait(300, signal);
      yield encode(CHUNKS[0]!);
      await wait(this.hang ? 3_600_000 : 2000, signal);
      yield encode(CHUNKS[1]! + COMPLETE);
    } finally {
      this.active -= 1;
    }
  }
}

function answer(status: number, headers: Record<string, string>, body: () => AsyncIterable<Uint8Array>) {
  return { status, headers: (name: string) => headers[name.toLowerCase()] ?? null, body: body() };
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

describe('runLoad', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // The real one takes time that the clock of the test knows nothing of.
    vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, text) => {
      const hash = createHash('sha256').update(text as Uint8Array);
      return new Uint8Array(hash.digest()).buffer;
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('gives 27 and 3 for 30 requests at concurrency 10, as a refused worker waits', async () => {
    const server = new NineStreams();
    const summary = new Summary();
    await inFakeTime(runLoad(PLAN, { summary, transport: server.transport }));
    const report = summary.report();
    expect(report.requests).toBe(30);
    expect(report.outcomes).toMatchObject({ ok: 27, '429': 3 });
    expect(report.ttft_ms).toMatchObject({ p50: 300, n: 27 });
    expect(report.e2e_ms).toMatchObject({ p50: 2300 });
    expect(report.tpot_ms).toMatchObject({ p50: 2000 });
    expect(report.via).toBe('nginx');
    expect(server.sent).toBe(30);
  });

  it('opens no more workers than requests', async () => {
    const server = new NineStreams();
    const summary = new Summary();
    const run = runLoad(loadPlan({ concurrency: 10, requests: 2 }), { summary, transport: server.transport });
    await vi.advanceTimersByTimeAsync(2400);
    await run;
    expect(summary.report()).toMatchObject({ requests: 2, outcomes: { ok: 2 } });
  });

  it('ends early: what is under way is cancelled, the rest is not sent', async () => {
    const server = new NineStreams();
    const summary = new Summary();
    const controller = new AbortController();
    const run = runLoad(PLAN, { summary, transport: server.transport, signal: controller.signal });
    await vi.advanceTimersByTimeAsync(1000);
    controller.abort();
    await run;
    expect(summary.report().outcomes).toMatchObject({ cancelled: 9, '429': 1, ok: 0 });
    expect(server).toMatchObject({ active: 0, sent: 10 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives up silent requests', async () => {
    const server = new NineStreams();
    server.hang = true;
    const summary = new Summary();
    const timeouts = { firstTokenMs: 10_000, idleMs: 3000 };
    const run = runLoad(loadPlan({ concurrency: 10, requests: 1 }), { summary, transport: server.transport, timeouts });
    await vi.advanceTimersByTimeAsync(5000);
    await run;
    expect(summary.report().outcomes).toMatchObject({ timeout_idle: 1 });

    const never: Transport = (_url, { signal }) => wait(3_600_000, signal) as never;
    const second = runLoad(loadPlan({ concurrency: 10, requests: 1 }), { summary, transport: never, timeouts });
    await vi.advanceTimersByTimeAsync(12_000);
    await second;
    expect(summary.report().outcomes).toMatchObject({ timeout_first_token: 1 });
  });

  it('resumes what breaks where the plan says so, and counts it', async () => {
    const calls: string[] = [];
    const transport: Transport = async (url, { method, body }) => {
      calls.push(`${method} ${url.replace(PLAN.url, '')} ${body === '' ? '' : JSON.parse(body).resumable}`.trim());
      const text = method === 'POST' ? STATUS + CHUNKS[0] : CHUNKS[1] + COMPLETE;
      const headers = { 'content-type': 'text/event-stream', 'x-instance-id': method === 'POST' ? 'app-1' : 'app-2' };
      return answer(200, headers, async function* () {
        yield new TextEncoder().encode(text);
      });
    };
    const summary = new Summary();
    await inFakeTime(runLoad(loadPlan({ concurrency: 10, requests: 1, resumable: true }), { summary, transport }));
    expect(calls).toEqual(['POST /stream true', 'GET /stream/t']);
    expect(summary.report()).toMatchObject({
      outcomes: { ok: 1 },
      instances: { 'app-2': { ok: 1 } },
      resumed: 1,
      resume_gap_ms: { n: 1 },
    });
  });

  it('makes an outcome of a transport that fails', async () => {
    const summary = new Summary();
    const refuse: Transport = () => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
    await runLoad(PLAN, { summary, transport: refuse });
    expect(summary.report()).toMatchObject({
      outcomes: { connect: 30 },
      via: null,
      errors: [{ count: 30, message: 'no' }],
    });
  });
});
