import { describe, expect, it } from 'vitest';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import {
  type Asked,
  answers,
  CELLS,
  FORMATS,
  headOf,
  joined,
  NAMES,
  type Name,
  PARTS,
  PATHS,
  readStream,
  refuses,
  said,
  translatingGateway,
} from '../../support/translating_gateway.ts';

const { url, mock, asked, post } = await translatingGateway();

describe('a route over several formats', () => {
  it('answers a client of each format, streamed and whole, whichever target is up', async () => {
    for (const client of NAMES) {
      for (const stream of [true, false]) {
        const answer = await post(client, { model: 'any', stream });
        const parts = stream
          ? readStream(FORMATS[client], await answer.text())
          : FORMATS[client].readAnswer(await answer.json());
        expect(joined(parts)).toEqual(joined(PARTS));
      }
    }
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set([PATHS.chat]));
    asked.length = 0;
    mock.reply = (response, name, body) =>
      name === 'chat' ? refuses(401, {})(response, name, body) : answers(response, name, body);
    const answer = await post('chat', { model: 'any', stream: true });
    expect(joined(readStream(chatFormat, await answer.text()))).toEqual(joined(PARTS));
    expect(asked.map(({ path }) => path)).toEqual([PATHS.chat, `/v1${PATHS.messages}`]);
  });

  it('is refused by its last target in the client’s format', async () => {
    mock.reply = refuses(403, { error: { message: 'No.' } });
    const answer = await post('chat', { model: 'any', stream: true });
    expect([answer.status, answer.headers.get('x-weir-refused-by')]).toEqual([403, 'messages']);
    expect(await answer.json()).toMatchObject({ error: { type: 'permission_error', message: 'No.' } });
  });

  it('keeps the answer of a translated target for streamed and whole requests', async () => {
    const whole = await post('chat', { model: 'kept', seed: 1 });
    expect(joined(chatFormat.readAnswer(await whole.json()))).toEqual(joined(PARTS));
    const again = await post('chat', { model: 'kept', seed: 1, stream: true });
    expect(joined(readStream(chatFormat, await again.text()))).toEqual(joined(PARTS));
    const other = await post('responses', { model: 'kept' });
    expect([whole, again, other].map(({ headers }) => headers.get('x-weir-cache'))).toEqual(['miss', 'hit', 'miss']);
    expect([whole, again].map(({ headers }) => headers.get('x-weir-dropped'))).toEqual(['seed', 'seed']);
    expect(asked).toHaveLength(2);
  });
});

describe('what was left out of a request of /api/v1/stream', () => {
  const ask = async (more: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/api/v1/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ messages: [{ ...said[0], name: 'ada' }], ...more }),
    });
    await answer.text();
    return answer.headers.get('x-weir-dropped');
  };

  it('is named again where the answer was kept', async () => {
    expect([await ask({ model: 'kept' }), await ask({ model: 'kept' })]).toEqual([
      'messages.0.name',
      'messages.0.name',
    ]);
    expect(asked).toHaveLength(1);
  });

  it('is named again to a repeat of a stream that is over', async () => {
    const ones = { 'Idempotency-Key': 'left-out-once' };
    const body = { model: 'm', provider: 'messages', resumable: true };
    expect(await ask(body, ones)).toBe('messages.0.name');
    expect(await ask(body, ones)).toBe('messages.0.name');
    expect(asked).toHaveLength(1);
  });
});

describe('the seal of a provider’s reasoning', () => {
  const SEALS = {
    responses: { kind: 'encrypted', data: 'sealed-1', id: 'rs_1' },
    messages: { kind: 'signature', data: 'sealed-1' },
  } as const;
  const call = { id: 'call_a1', content: 'done' };
  /** What a client sends next: what it was answered, and the result of the tool. */
  const next: Record<Name, (answer: Record<string, unknown>) => object> = {
    chat: ({ choices }) => {
      const [{ message }] = choices as [{ message: object }];
      return { messages: [...said, message, { role: 'tool', tool_call_id: call.id, content: call.content }] };
    },
    responses: ({ output }) => {
      const result = { type: 'function_call_output', call_id: call.id, output: call.content };
      return { input: [...said, ...(output as object[]), result] };
    },
    messages: ({ content }) => {
      const result = { type: 'tool_result', tool_use_id: call.id, content: call.content };
      return { messages: [...said, { role: 'assistant', content }, { role: 'user', content: [result] }] };
    },
  };
  const cells = CELLS.filter(([client, upstream]) => client !== upstream && upstream !== 'chat');

  it.each(cells)('given to a client of %s goes back to the upstream of %s, and to no other', async (client, from) => {
    const parts = PARTS.toSpliced(2, 0, { type: 'reasoning_seal', seal: SEALS[from as keyof typeof SEALS] });
    mock.reply = refuses(200, FORMATS[from].writeAnswer(headOf(from), parts));
    const body = next[client]((await (await post(client, { model: `${from}/m` })).json()) as Asked['body']);
    mock.reply = answers;
    for (const to of NAMES) {
      const answer = await post(client, { ...body, model: `${to}/m` });
      expect([to, answer.status]).toEqual([to, 200]);
      const request = JSON.stringify(asked.at(-1)?.body);
      expect(request).toContain('done');
      expect(request).not.toContain('weir');
      expect([to, request.includes('"sealed-1"')]).toEqual([to, to === from]);
      const lost = { chat: 'reasoning_details', responses: 'encrypted_content', messages: 'signature' }[client];
      expect(answer.headers.get('x-weir-dropped') ?? '').toBe(to === from ? '' : lost);
    }
  });
});
