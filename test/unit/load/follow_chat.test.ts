import { afterEach, describe, expect, it } from 'vitest';
import { nodeTransport } from '../../../src/load/node/node_transport.ts';
import type { Outcome } from '../../../src/load/outcome.ts';
import type { LoadRecord } from '../../../src/load/record.ts';
import { runLoad } from '../../../src/load/run_load.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadPlan } from '../../support/load_plan.ts';
import { type Answer, cut, drop, refuse, ScriptedServer, stream } from '../client/scripted_server.ts';

const chunk = (delta: object, more: object = {}) => `data: ${JSON.stringify({ choices: [{ delta }], ...more })}\n\n`;
const ROLE = chunk({ role: 'assistant', content: '' });
const TEXT = [chunk({ content: 'Hel' }), chunk({ content: 'lo' })];
const USAGE = `data: ${JSON.stringify({ choices: [], usage: { completion_tokens: 7 } })}\n\n`;
const ERROR = `data: ${JSON.stringify({ error: { message: 'overloaded', code: 'busy' } })}\n\n`;
const DONE = 'data: [DONE]\n\n';

const servers: ScriptedServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function run(answer: Answer) {
  const server = await new ScriptedServer([answer]).listen();
  servers.push(server);
  const records: LoadRecord[] = [];
  const transport = nodeTransport(server.baseUrl);
  const plan = loadPlan({ url: `http://127.0.0.1:${server.port}/v1`, api: 'openai', prompt: 'Hello?', model: 'm' });
  const onRecord = (record: LoadRecord) => records.push(record);
  await runLoad(plan, { summary: new Summary(), transport: transport.send, onRecord });
  transport.close();
  return { record: records[0]!, seen: server.seen };
}

describe('an OpenAI-compatible server', () => {
  it('is asked as its clients ask it', async () => {
    const { seen } = await run(stream([...TEXT, DONE]));
    expect(seen.map(({ call }) => call)).toEqual(['POST /v1/chat/completions']);
    expect(JSON.parse(seen[0]!.body)).toEqual({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: 'Hello?' }],
    });
  });

  it('has its first text measured, not its first event, and its tokens counted as it counts them', async () => {
    const { record } = await run(stream([ROLE, ...TEXT, USAGE, DONE]));
    expect(record).toMatchObject({ outcome: 'ok', chunks: 3, tokens: 7 });
    expect(record.ttftMs).not.toBeNull();
    expect((await run(stream([ROLE, DONE]))).record).toMatchObject({ outcome: 'ok', ttftMs: null });
  });

  it.each<[string, Outcome, Answer]>([
    ['no [DONE]', 'truncated', stream([ROLE, ...TEXT])],
    ['a broken connection', 'truncated', cut(ROLE + TEXT[0])],
    ['more after [DONE]', 'protocol_error', stream([...TEXT, DONE, TEXT[0]!])],
    ['no JSON', 'protocol_error', stream(['data: hello\n\n'])],
    ['an error after text', 'truncated', stream([...TEXT, ERROR])],
    ['an error before text', 'other_5xx', stream([ROLE, ERROR])],
    ['429', '429', refuse(429, 'rate', { 'retry-after': '0' })],
    ['401', 'other_4xx', refuse(401, 'no_key')],
    ['no head', 'connect', drop],
    ['a page', 'protocol_error', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('hi')],
  ])('with %s gives %s', async (_, outcome, answer) => {
    expect((await run(answer)).record.outcome).toBe(outcome);
  });
});
