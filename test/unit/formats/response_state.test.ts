import fc from 'fast-check';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { WeirError } from '../../../src/formats/error_code.ts';
import { responseState } from '../../../src/formats/responses/response_state.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import type { StreamPart, StreamWriter } from '../../../src/formats/stream_part.ts';
import { partsOf, RECORDINGS, recording } from './recordings.ts';
import { dataOf, SCENARIOS } from './scenarios.ts';

const TOOLS = [{ type: 'custom', name: 'patch' }];
const HEAD = { id: '1', created: 1_700_000_000, model: 'm', body: { background: true, tools: TOOLS } };
const REQUIRED = [
  ...['id', 'object', 'created_at', 'model', 'output', 'error', 'incomplete_details', 'instructions', 'metadata'],
  ...['parallel_tool_calls', 'temperature', 'tool_choice', 'tools', 'top_p', 'background', 'status'],
];

const ANSWERS: Record<string, readonly StreamPart[]> = {
  ...SCENARIOS,
  ...Object.fromEntries(Object.entries(RECORDINGS).map(([name, kind]) => [name, partsOf(kind, [recording(name)])])),
  cancelled: [
    { type: 'text', text: 'Half an ' },
    { type: 'error', error: new WeirError('cancelled') },
  ],
  'cancelled in a call': [
    { type: 'tool_call', index: 0, id: 'call_a', name: 'weather' },
    { type: 'tool_arguments', index: 0, json: '{"ci' },
    { type: 'error', error: new WeirError('cancelled') },
  ],
  'cancelled while queued': [{ type: 'error', error: new WeirError('cancelled') }],
  'custom tool': [
    { type: 'tool_call', index: 0, id: 'call_a', name: 'patch' },
    { type: 'tool_arguments', index: 0, json: '{"input":"in \\"U' },
    { type: 'tool_arguments', index: 0, json: 'TC\\" please"}' },
    { type: 'usage', usage: { input: 1, output: 2 } },
    { type: 'finish', reason: 'tool_calls' },
  ],
};
const answers = Object.keys(ANSWERS);
const partsNamed = (name: string) => ANSWERS[name] as readonly StreamPart[];

/** What each part is written as; the first entry is the beginning. */
function written(parts: readonly StreamPart[]): string[] {
  const writer = responsesFormat.writer(HEAD);
  return [writer.begin(), ...parts.map((part) => writer.write(part))];
}

const resumed = (events: readonly string[]) => responsesFormat.resumedWriter?.(events, HEAD) as StreamWriter;

interface ResponseEvent {
  type: string;
  sequence_number: number;
  output_index?: number;
  response?: Record<string, unknown>;
}
const parsed = (events: readonly string[]) => events.map((data) => JSON.parse(data) as ResponseEvent);

describe('the events of a response that runs in the background', () => {
  it.each(answers)('are in order, numbered from 0 without a gap, every item closed before the end: %s', (name) => {
    const events = parsed(dataOf(written(partsNamed(name)).join('')));
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['response.created', 'response.queued']);
    expect(events[0]?.response).toMatchObject({ id: 'resp_1', status: 'queued', background: true, store: true });
    expect(events.filter(({ type }) => type === 'response.in_progress').length).toBe(
      name === 'cancelled while queued' ? 0 : 1,
    );
    const open = new Set<number | undefined>();
    for (const { type, output_index } of events) {
      if (type === 'response.output_item.added') open.add(output_index);
      if (type === 'response.output_item.done') open.delete(output_index);
    }
    expect(open).toEqual(new Set());
    expect(events.at(-1)?.type).toMatch(/^response\.(completed|incomplete|failed)$/);
    expect(events.some(({ type }) => type === 'error')).toBe(false);
  });

  it.each(['cancelled', 'cancelled in a call', 'cancelled while queued'])(
    'end with a response that is cancelled: %s',
    (name) => {
      const last = parsed(dataOf(written(partsNamed(name)).join(''))).at(-1);
      expect(last).toMatchObject({ type: 'response.failed', response: { status: 'cancelled', error: null } });
    },
  );

  it('end with what was said, and why, where the upstream breaks off', () => {
    const last = parsed(dataOf(written(partsNamed('error')).join(''))).at(-1);
    expect(last).toMatchObject({
      type: 'response.failed',
      response: {
        status: 'failed',
        error: { code: 'upstream_truncated' },
        output: [{ status: 'incomplete', content: [{ text: 'Half an ' }] }],
      },
    });
  });
});

describe('a response as it is now', () => {
  it.each(answers)('is what its last event says, once all are read: %s', (name) => {
    const events = dataOf(written(partsNamed(name)).join(''));
    const last = parsed(events).at(-1);
    const state = responseState(events);
    expect(state.object()).toEqual(last?.response);
    expect(state.isOver).toBe(true);
    expect(state.sequence).toBe(last?.sequence_number);
  });

  it.each(['openai_responses', 'openai_responses_refusal'])('the same of the events of a provider: %s', (name) => {
    const events = dataOf(recording(name).toString());
    expect(responseState(events).object()).toMatchObject(parsed(events).at(-1)?.response as object);
  });

  it('is at each event what the official client makes of the same events', async () => {
    for (const name of ['parallel_tools', 'reasoning', 'citations', 'refusal', 'custom tool', 'error', 'cancelled']) {
      const events = dataOf(written(partsNamed(name)).join(''));
      for (let cut = 1; cut <= events.length; cut += 1) {
        const seen = events.slice(0, cut);
        const object = responseState(seen).object() as Record<string, unknown>;
        expect(Object.keys(object)).toEqual(expect.arrayContaining(REQUIRED));
        const client = new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: serving(seen, object) });
        const whole = await client.responses.stream({ response_id: 'resp_1' }).finalResponse();
        const retrieved = await client.responses.retrieve('resp_1');
        expect(retrieved.output_text).toBe(whole.output_text);
        expect(JSON.parse(JSON.stringify(whole))).toMatchObject(JSON.parse(JSON.stringify(object)));
      }
    }
  });

  it('keeps its fields whatever an event says', () => {
    const begun = dataOf(written(partsNamed('parallel_tools')).join(''));
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...begun), fc.json().map(spoilt(begun)))), (events) => {
        const object = responseState([begun[0] as string, ...events]).object() as Record<string, unknown>;
        expect(Object.keys(object)).toEqual(expect.arrayContaining(REQUIRED));
        expect(Array.isArray(object.output)).toBe(true);
      }),
    );
  });
});

describe('a writer that goes on after the events of another', () => {
  it.each(answers)('writes what that one would have written: %s', (name) => {
    const parts = partsNamed(name);
    const whole = written(parts);
    for (let cut = 1; cut < whole.length; cut += 1) {
      // Usage comes right before the end, and is no event.
      if (parts[cut - 2]?.type === 'usage') continue;
      const next = resumed(dataOf(whole.slice(0, cut).join('')));
      expect(parts.slice(cut - 1).map((part) => next.write(part))).toEqual(whole.slice(cut));
    }
  });

  it.each(answers)('closes what was left open, wherever it was cut: %s', (name) => {
    const events = dataOf(written(partsNamed(name)).join(''));
    for (let cut = 1; cut < events.length; cut += 1) {
      const seen = events.slice(0, cut);
      const next = resumed(seen);
      const rest = dataOf(
        next.write({ type: 'text', text: 'And ' }) +
          next.write({ type: 'text', text: 'on.' }) +
          next.write({ type: 'finish', reason: 'stop' }),
      );
      const all = parsed([...seen, ...rest]);
      expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, index) => index));
      const state = responseState([...seen, ...rest]);
      expect(state.object()).toEqual(all.at(-1)?.response);
      expect(JSON.stringify(state.object()?.output)).toContain('And on.');
      expect(JSON.stringify(state.object())).not.toContain('in_progress');
    }
  });
});

/** Serves the events of a response, and the response. */
function serving(events: readonly string[], object: object): typeof fetch {
  return async (url) => {
    if (!String(url).includes('stream=true')) return Response.json(object);
    const body = events.map((data) => `data: ${data}\n\n`).join('');
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
}

/** An event of which one field is something else. */
function spoilt(events: readonly string[]): (json: string) => string {
  return (json) => {
    const event = JSON.parse(events[json.length % events.length] as string) as Record<string, unknown>;
    const names = Object.keys(event);
    event[names[json.length % names.length] as string] = JSON.parse(json);
    return JSON.stringify(event);
  };
}
