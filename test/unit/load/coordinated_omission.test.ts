import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { LoadMode } from '../../../src/load/load_plan.ts';
import { nodeTransport } from '../../../src/load/node/node_transport.ts';
import { runLoad, summaryOptions } from '../../../src/load/run_load.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadPlan } from '../../support/load_plan.ts';
import { stream, transcript } from '../client/scripted_server.ts';

const STALL_MS = 1000;
const STALL_AT = 20;
const answer = stream(transcript(['hi']));
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Answers at once, but at its twentieth request stands still for a second, as a whole. */
async function stallingServer(): Promise<string> {
  let seen = 0;
  let waiting: ServerResponse[] | undefined;
  const server = createServer((request, response) => {
    request.resume();
    if (++seen === STALL_AT) {
      waiting = [];
      setTimeout(() => {
        for (const each of waiting ?? []) answer(each, undefined as never);
        waiting = undefined;
      }, STALL_MS);
    }
    if (waiting) waiting.push(response);
    else answer(response, undefined as never);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
}

/** Runs against it; gives the report and how many requests saw at least half of the stall. */
async function run(mode: LoadMode) {
  const url = await stallingServer();
  const plan = loadPlan({ url, mode });
  const summary = new Summary(summaryOptions(plan));
  const transport = nodeTransport(url);
  open.push(transport.close);
  let slow = 0;
  const onRecord = ({ e2eMs }: { e2eMs: number }) => {
    if (e2eMs >= STALL_MS / 2) slow += 1;
  };
  await runLoad(plan, { summary, transport: transport.send, onRecord });
  return { report: summary.report(), slow };
}

describe('a server that stalls for a second', () => {
  it('is hidden by a closed loop: one request sees it, and the percentiles don’t', async () => {
    const { report, slow } = await run({ kind: 'closed', concurrency: 1, requests: 150 });
    expect([report.outcomes.ok, slow]).toEqual([150, 1]);
    expect(report.e2e_ms!.p95).toBeLessThan(STALL_MS / 2);
    expect(report.service_e2e_ms).toBeNull();
  });

  it('is reported by an open loop: all who came meanwhile see it', async () => {
    const mode = {
      kind: 'open',
      ratePerSecond: 50,
      arrivals: 'constant',
      durationMs: 3000,
      maxInFlight: 1000,
    } as const;
    const { report, slow } = await run(mode);
    expect(report.outcomes.ok).toBe(150);
    // 50 were due in the stall, and the first half of them wait for half of it or longer.
    expect(slow).toBeGreaterThanOrEqual(20);
    expect(report.e2e_ms!.p90).toBeGreaterThanOrEqual(STALL_MS / 4);
  });

  it('costs requests that are not sent where the limit of streams in flight is reached', async () => {
    const mode = { kind: 'open', ratePerSecond: 50, arrivals: 'constant', durationMs: 2000, maxInFlight: 10 } as const;
    const { report } = await run(mode);
    // Of the 50 that were due in the stall, ten were in flight.
    expect(report.outcomes.not_sent).toBeGreaterThanOrEqual(20);
    expect(report.outcomes.ok + report.outcomes.not_sent).toBe(100);
    expect(report.requests).toBe(100);
    expect(report.errors[0]).toMatchObject({ outcome: 'not_sent', message: expect.stringContaining('10 streams') });
  });
});
