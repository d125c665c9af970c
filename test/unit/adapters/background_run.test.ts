import { describe, expect, it } from 'vitest';
import { BackgroundRun } from '../../../src/adapters/providers/background_run.ts';
import type { UpstreamServer } from '../../../src/adapters/providers/upstream_server.ts';
import { parsedAnswer } from '../../../src/core/upstream/parsed_answer.ts';
import type { ByteConsumer } from '../../../src/core/upstream/upstream.ts';
import type { PartParser } from '../../../src/formats/event_parser.ts';

/** A run whose provider sends these events; what is known of it in the end. */
async function ran(events: readonly (object | string)[], wantsParts = false) {
  const seen = { run: undefined as string | undefined, text: '', end: undefined as unknown, cancelled: false };
  const parts: string[] = [];
  const bytes = {
    kind: 'bytes',
    status: 200,
    headers: {},
    contentType: 'text/event-stream',
    start: (consumer: ByteConsumer) => {
      for (const event of events) {
        consumer.bytes(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
      }
      consumer.end();
    },
    resume() {},
    finish() {},
  } as const;
  const server = {
    provider: 'p',
    parts: async (_: unknown, parser: PartParser) => parsedAnswer(bytes, parser, 'p'),
    errand: async () => {
      seen.cancelled = true;
    },
  } as unknown as UpstreamServer;
  const keepRun = async (run: string) => {
    seen.run = run;
  };
  await new Promise<void>((resolve) => {
    const failed = ({ code }: { code: string }) => {
      seen.end = code;
      resolve();
    };
    BackgroundRun.start(server, {}, wantsParts, { signal: new AbortController().signal, keepRun }).then((answer) => {
      answer.start({
        text: (text) => {
          seen.text += text;
          return true;
        },
        part: ({ type }) => {
          parts.push(type);
          return true;
        },
        end: (end) => {
          seen.end = end;
          resolve();
        },
        fail: failed,
      });
    }, failed);
  });
  return wantsParts ? { ...seen, parts } : seen;
}

const created = { type: 'response.created', response: { id: 'resp_1' } };
const text = { type: 'response.output_text.delta', delta: 'Hi' };

describe('a run in the background', () => {
  it('has a name before its text, and ends in the same words as any answer', async () => {
    const usage = { input_tokens: 3, output_tokens: 4 };
    const end = { type: 'response.completed', response: { id: 'resp_1', status: 'completed', usage } };
    expect(await ran([created, text, end])).toEqual({
      run: 'resp_1',
      text: 'Hi',
      end: { finish: 'stop', finishReason: 'completed', usage: { input: 3, output: 4 } },
      cancelled: false,
    });
  });

  it('gives its tool calls and reasoning to those who want them', async () => {
    const item = { type: 'function_call', call_id: 'a', name: 'look_up', arguments: '' };
    const events = [
      created,
      { type: 'response.reasoning_summary_text.delta', delta: 'Hm' },
      { type: 'response.output_item.added', output_index: 1, item },
      { type: 'response.function_call_arguments.delta', output_index: 1, delta: '{}' },
      { type: 'response.completed', response: { id: 'resp_1', status: 'completed' } },
    ];
    const parts = ['reasoning', 'tool_call', 'tool_arguments'];
    expect(await ran(events, true)).toMatchObject({ run: 'resp_1', text: '', parts, end: { finish: 'tool_calls' } });
    expect(await ran(events)).toMatchObject({ run: 'resp_1', text: '', end: { finish: 'tool_calls' } });
  });

  it.each([
    ['has failed', { type: 'response.failed', response: { error: { code: 'server_error' } } }, false],
    [
      'is said to be whole, and names an error',
      { type: 'response.completed', response: { error: { code: 'x' } } },
      false,
    ],
    ['has an error of its own', { type: 'error', code: 'server_error', message: 'boom' }, true],
  ])('that %s is cancelled only where the provider may still work on it', async (_, event, cancelled) => {
    expect(await ran([created, event])).toMatchObject({ end: 'upstream_error', cancelled });
  });

  it.each([
    ['half a text', 'half a text'],
    ['no response', { type: 'response.created' }],
    ['a name that is no text', { type: 'response.created', response: { id: 5 } }],
    ['a name that is a path', { type: 'response.created', response: { id: '../x' } }],
    ['a name of dots', { type: 'response.created', response: { id: '..' } }],
    ['text before a name', text],
    ['a type that is no text', { type: 5 }],
  ])('that begins with %s is not in its format', async (_, event) => {
    expect(await ran([event, text])).toMatchObject({ run: undefined, end: 'upstream_protocol' });
  });
});
