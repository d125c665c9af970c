import { describe, expect, it } from 'vitest';
import { continuedBody } from '../../../src/adapters/providers/continued_body.ts';
import { HttpUpstream } from '../../../src/adapters/providers/http_upstream.ts';
import { ProviderAgent } from '../../../src/adapters/providers/provider_agent.ts';
import { UpstreamServer } from '../../../src/adapters/providers/upstream_server.ts';
import type { ApiFormat } from '../../../src/config/provider_presets.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';

describe('a request to continue a text', () => {
  const asked = { model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 10, stream: true };

  it('gives what was delivered but white space at its end, which is said again', () => {
    const { body, again } = continuedBody(asked, ['One ', 'two.', '\n\n'], 'prefix');
    expect(body).toEqual({
      ...asked,
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'One two.', prefix: true },
      ],
      max_tokens: 7,
    });
    expect(again).toBe('\n\n');
  });

  it('marks the open message as vLLM wants it', () => {
    const { body } = continuedBody(asked, ['One'], 'continue_final_message');
    expect(body).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
    expect((body.messages as object[]).at(-1)).toEqual({ role: 'assistant', content: 'One' });
  });

  it('asks for no more tokens than are left, and for one at least', () => {
    expect(continuedBody(asked, ['a', 'b'], 'prefix').body.max_tokens).toBe(8);
    const { body } = continuedBody({ messages: [], max_completion_tokens: 10 }, Array(20).fill('a'), 'prefix');
    expect(body).toMatchObject({ max_completion_tokens: 1 });
    expect(body).not.toHaveProperty('max_tokens');
  });

  it('gives no message where only white space was delivered', () => {
    const { body, again } = continuedBody(asked, [' '], 'prefix');
    expect(body).toEqual({ ...asked, max_tokens: 9 });
    expect(again).toBe(' ');
  });

  it('is possible only with chat completions, which have a place for it', () => {
    const wheel = new TimerWheel(5);
    const about = {
      provider: 'p',
      baseUrl: 'http://127.0.0.1:1',
      headers: {},
      silenceMs: 1,
      redact: String,
      calls: { count: 0 },
    };
    const server = new UpstreamServer(about, new ProviderAgent(1), wheel);
    const goesOn = (...speaks: ApiFormat[]) => {
      const modelsRequest = { method: 'GET', path: '/models', body: undefined, headers: {}, silenceMs: 1 } as const;
      const options = { speaks, modelsRequest, continuation: 'prefix', unusable: undefined, maxTokens: {} } as const;
      return new HttpUpstream(server, options).continueFrom !== undefined;
    };
    expect([goesOn('chat'), goesOn('messages'), goesOn('responses', 'chat')]).toEqual([true, false, true]);
  });
});
