import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { type ErrorCode, WeirError } from '../../../src/formats/error_code.ts';
import { encodeError } from '../../../src/formats/weir/weir_encoder.ts';
import { nodeTransport } from '../../../src/load/node/node_transport.ts';
import type { Outcome } from '../../../src/load/outcome.ts';
import type { LoadRecord } from '../../../src/load/record.ts';
import { runLoad } from '../../../src/load/run_load.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadPlan } from '../../support/load_plan.ts';
import { type Answer, cut, drop, hang, refuse, ScriptedServer, stream, transcript } from '../client/scripted_server.ts';

const PARTS = ['one ', 'two ', 'three ', 'four'];
const FRAMES = transcript(PARTS);
const [STATUS = '', ONE = '', TWO = '', THREE = '', FOUR = '', COMPLETE = ''] = FRAMES;
const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const failed = (code: ErrorCode) => encodeError('1.3', new WeirError(code), 't-1', 2);
const page: Answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>');
const refusal = (status: number) => refuse(status, `code_${status}`, { 'retry-after': '0' });

const servers: ScriptedServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Runs so many requests against a server on a real socket, one after the other. */
async function run(answers: Answer[], timeouts?: { firstTokenMs: number; idleMs: number }) {
  const server = await new ScriptedServer([...answers]).listen();
  servers.push(server);
  const summary = new Summary();
  const records: LoadRecord[] = [];
  const transport = nodeTransport(server.baseUrl);
  const plan = loadPlan({ url: server.baseUrl, requests: answers.length });
  await runLoad(plan, {
    summary,
    transport: transport.send,
    onRecord: (record) => records.push(record),
    ...(timeouts ? { timeouts } : {}),
  });
  transport.close();
  return { report: summary.report(), records };
}

describe('the engine, against a scripted server', () => {
  it.each<[string, Outcome, Answer, RegExp | null]>([
    ['a whole stream', 'ok', stream(FRAMES), null],
    ['one that is cut in mid-stream', 'truncated', cut(STATUS + ONE + TWO), /broke/],
    ['one that is cut in the middle of an event', 'truncated', cut(STATUS + ONE.slice(0, 20)), /broke/],
    ['one that ends without its end', 'truncated', stream([STATUS, ONE]), /without a terminal/],
    [
      'one with an event twice',
      'protocol_error',
      stream([STATUS, ONE, TWO, TWO, THREE, FOUR, COMPLETE]),
      /no id of its own/,
    ],
    ['one in another order', 'protocol_error', stream([STATUS, ONE, THREE, TWO, FOUR, COMPLETE]), /1\.3 came after/],
    ['one that lost an event', 'protocol_error', stream([STATUS, ONE, THREE, FOUR, COMPLETE]), /1\.3 came after/],
    [
      'one whose text was corrupted',
      'protocol_error',
      stream(transcript(['one ', 'tvo ', 'three ', 'four'], [], sha(PARTS.join('')))),
      /checksum/,
    ],
    [
      'one whose text was shortened',
      'protocol_error',
      stream([STATUS, ONE, TWO, THREE, FOUR.replace('four', 'for'), COMPLETE]),
      /code points/,
    ],
    ['one that goes on after its end', 'protocol_error', stream([...FRAMES, ONE]), /follows/],
    ['an error event after text', 'truncated', stream([STATUS, ONE, TWO, failed('upstream_error')]), /provider/],
    ['a cancelled stream', 'cancelled', stream([STATUS, ONE, TWO, failed('cancelled')]), /cancel/],
    ['a page', 'protocol_error', page, /text\/html/],
    ['a connection that breaks before its head', 'connect', drop, /./],
    ['429', '429', refusal(429), /code_429/],
    ['503', '503', refusal(503), /code_503/],
    ['502', '502', refusal(502), /code_502/],
    ['504', '504', refusal(504), /code_504/],
    ['404', 'other_4xx', refusal(404), /code_404/],
    ['500', 'other_5xx', refusal(500), /code_500/],
    ['a redirect', 'protocol_error', refusal(308), /code_308/],
  ])('counts %s as %s', async (_, outcome, answer, message) => {
    const { report, records } = await run([answer]);
    expect(records.map((record) => record.outcome)).toEqual([outcome]);
    if (message) expect(records[0]?.message).toMatch(message);
    expect(report.outcomes[outcome]).toBe(1);
    expect(report.e2e_ms?.n ?? 0).toBe(outcome === 'ok' ? 1 : 0);
    expect(report.refusal_ms?.n ?? 0).toBe(outcome === '429' || outcome === '503' ? 1 : 0);
  });

  it('counts silence before the first text and after it apart', async () => {
    const timeouts = { firstTokenMs: 200, idleMs: 200 };
    const { records } = await run([hang([]), hang([STATUS]), hang([STATUS, ONE, TWO])], timeouts);
    expect(records.map(({ outcome }) => outcome)).toEqual([
      'timeout_first_token',
      'timeout_first_token',
      'timeout_idle',
    ]);
  });

  it('keeps each apart in a run of all of them', async () => {
    const script = [stream(FRAMES), cut(STATUS + ONE), stream([STATUS, TWO]), refusal(429), drop, refusal(503)];
    const { report } = await run([...script, ...script, stream(FRAMES)]);
    const { outcomes, requests } = report;
    expect(outcomes).toMatchObject({ ok: 3, truncated: 2, protocol_error: 2, '429': 2, connect: 2, '503': 2 });
    expect(Object.values(outcomes).reduce((sum, count) => sum + count)).toBe(requests);
    expect(report.ttft_ms?.n).toBe(3);
    expect(report.icl_ms?.n).toBe(3 * (PARTS.length - 1));
  });

  it('says that a server which is not there refuses connections', async () => {
    const server = await new ScriptedServer([]).listen();
    const { baseUrl } = server;
    server.close();
    const summary = new Summary();
    const transport = nodeTransport(baseUrl);
    await runLoad(loadPlan({ url: baseUrl, requests: 3 }), { summary, transport: transport.send });
    expect(summary.report().outcomes.connect).toBe(3);
  });
});
