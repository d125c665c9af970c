import OpenAI, { ConflictError, NotFoundError } from 'openai';
import type { Response as OpenAiResponse, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { QUERY, type Spoken, textOf } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start({ instances: 3 });
});
afterAll(() => deployment.close());

const clientAt = (at: number, address = '10.0.0.1') =>
  new OpenAI({
    baseURL: `${deployment.url(at)}/v1`,
    apiKey: 'x',
    maxRetries: 0,
    defaultHeaders: { 'X-Real-IP': address },
  });

const asked = (fake: Spoken & object) => ({ model: 'fake/demo', input: QUERY, background: true, fake }) as never;
const streamed = (fake: Spoken & object) => ({ ...(asked(fake) as object), stream: true }) as never;

type Numbered = ResponseStreamEvent & { sequence_number: number };

/** A stream that is read as it comes, by a client that may lose it. */
function follow(stream: AsyncIterable<ResponseStreamEvent>) {
  const events: Numbered[] = [];
  const over = (async () => {
    for await (const event of stream) events.push(event as Numbered);
  })().catch(() => {});
  return { events, over };
}

const idOf = (events: readonly Numbered[]) => (events[0] as { response: OpenAiResponse }).response.id;

describe('a response in the background, with the official client', () => {
  it('goes on elsewhere when its instance is killed: in its reasoning, its text, its tool calls, or unread', async () => {
    const common = { ttft_ms: 0, tokens_per_second: 60 };
    const spoken = {
      reasoning: { ...common, seed: 1, tokens: 60, reasoning_tokens: 80 },
      text: { ...common, seed: 2, tokens: 120, reasoning_tokens: 4 },
      call: { ...common, seed: 3, tokens: 20, tool_calls: 12 },
    };
    const places: Record<keyof typeof spoken, string> = {
      reasoning: 'response.reasoning_summary_text.delta',
      text: 'response.output_text.delta',
      call: 'response.function_call_arguments.delta',
    };
    const names = Object.keys(spoken) as (keyof typeof spoken)[];
    const owner = clientAt(0);
    const unread = (await owner.responses.create(asked({ ...common, seed: 4, tokens: 100 }))) as OpenAiResponse;
    expect(unread.status).toMatch(/queued|in_progress/);
    const readings = await Promise.all(
      names.map(async (name) => ({
        name,
        ...follow((await owner.responses.create(streamed(spoken[name]))) as never),
      })),
    );
    await until('each is at its place', () =>
      readings.every(({ name, events }) => events.some(({ type }) => type === places[name])),
    );
    await deployment.kill(0);
    await Promise.all(readings.map(({ over }) => over));

    const heirs = [clientAt(1), clientAt(2)] as const;
    for (const { name, events } of readings) {
      const id = idOf(events);
      const starting_after = events.at(-1)?.sequence_number as number;
      const rest = follow(await heirs[0].responses.retrieve(id, { stream: true, starting_after }));
      await rest.over;
      const all = [...events, ...rest.events];
      expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, index) => index));
      const again = follow(await heirs[1].responses.retrieve(id, { stream: true }));
      await again.over;
      expect(again.events).toEqual(all);
      const last = all.at(-1) as { type: string; response: OpenAiResponse };
      expect(last, name).toMatchObject({ type: 'response.completed', response: { id, status: 'completed' } });
      const whole = await heirs[1].responses.retrieve(id);
      expect(whole).toMatchObject({ output: last.response.output, output_text: textOf(spoken[name]) });
      const helped = await heirs[0].responses.stream({ response_id: id }).finalResponse();
      expect(helped.output_text).toBe(textOf(spoken[name]));
      if (name === 'call') {
        expect(whole.output.filter(({ type }) => type === 'function_call')).toHaveLength(12);
        for (const call of whole.output) if (call.type === 'function_call') JSON.parse(call.arguments);
      }
    }
    await until('the one that is not read is over, too', async () => {
      return (await heirs[1].responses.retrieve(unread.id)).status === 'completed';
    });
    expect((await heirs[0].responses.retrieve(unread.id)).output_text).toBe(textOf({ seed: 4, tokens: 100 }));
    await deployment.boot(0);
  }, 60_000);

  it('is read, waited for, cancelled and deleted through any instance', async () => {
    const [owner, other, third] = [clientAt(0), clientAt(1), clientAt(2)];
    const endless = { seed: 5, tokens: 100_000, tokens_per_second: 20 };
    const live = follow((await owner.responses.create(streamed(endless))) as never);
    await until('it has begun', () => live.events.some(({ type }) => type === 'response.output_text.delta'));
    const id = idOf(live.events);
    expect(await other.responses.retrieve(id)).toMatchObject({ id, status: 'in_progress', usage: null });
    const beyond = other.responses.retrieve(id, { stream: true, starting_after: 1_000_000 });
    await expect(beyond).rejects.toBeInstanceOf(ConflictError);
    const waiting = follow(await other.responses.retrieve(id, { stream: true, starting_after: 1 }));
    await expect(clientAt(1, '10.0.0.2').responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    expect(await third.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    expect(await owner.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    await Promise.all([live.over, waiting.over]);
    expect(live.events.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'cancelled' } });
    expect(waiting.events).toEqual(live.events.slice(2));
    expect(await other.responses.delete(id)).toMatchObject({ deleted: true });
    await expect(third.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    await until('its slot is free', async () => (await deployment.slots(0)) === 0);
  }, 60_000);
});
