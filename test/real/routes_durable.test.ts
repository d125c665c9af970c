import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { askEndpoint } from '../support/endpoint_answer.ts';
import { startInstance } from '../support/instance.ts';
import { startMockOpenai } from '../support/mock_openai.ts';
import { type Story, storyOf } from '../support/mock_story.ts';
import { along, routeFile } from '../support/route_files.ts';
import { goOn, startStory, terminal } from '../support/takeover_pair.ts';
import { until } from '../support/until.ts';

const STORY = storyOf('story-150x100') as Story;

it('a resumable answer is gone on with by the target that gave it, and no other is asked', async () => {
  await using bad = await startMockOpenai();
  await using good = await startMockOpenai();
  using config = routeFile({
    providers: {
      bad: { base_url: bad.url, capabilities: { continuation: 'prefix' } },
      good: { base_url: good.url, capabilities: { continuation: 'prefix' } },
    },
    routes: { tale: along('bad/mock-500', 'good/story-150x100') },
  });
  await using pair = await Deployment.start({ instances: 2, env: { WEIR_CONFIG: config.file } });
  const first = await startStory(pair.at(0), 'tale');
  await until('50 chunks', () => first.events.filter(({ event }) => event === 'chunk').length >= 50);
  const asked = bad.requests.length;
  await pair.kill(0);
  await first.over;
  const second = await goOn(pair.at(1), first);
  await second.over;
  expect(first.text() + second.text()).toBe(STORY.text);
  expect(terminal(first, second)).toMatchObject({ event: 'complete', finish_reason: 'stop' });
  expect(JSON.parse(first.events[0]?.data ?? '')).toMatchObject({ provider: 'good', model: 'story-150x100' });
  expect(asked).toBeGreaterThan(0);
  expect(bad.requests).toHaveLength(asked);
  expect(good.requests.map(({ body }) => body.model)).toEqual(['story-150x100', 'story-150x100']);
});

it('a request that waits for its next try while a configuration is replaced ends with the one that it began with', async () => {
  const { promise: refused, resolve: onRefused } = Promise.withResolvers<void>();
  await using provider = await startMockOpenai({
    script: () => {
      if (provider.requests.length > 1) return undefined;
      onRefused();
      return [{ head: 429, headers: { 'content-type': 'application/json', 'retry-after': '1' } }];
    },
  });
  using config = routeFile({ providers: { one: { base_url: provider.url } } });
  const instance = await startInstance({ WEIR_CONFIG: config.file, DEFAULT_PROVIDER: 'fake' });
  try {
    const ask = () => askEndpoint(instance.url, '/api/v1/stream', { query: 'hi', provider: 'one', model: 'mock-3x0' });
    const answer = ask();
    await refused;
    config.write({});
    instance.process.kill('SIGHUP');
    await until('it is reloaded', () => instance.lines.some(({ event }) => event === 'Configuration reloaded'));
    expect((await answer).text).toContain('[DONE]');
    expect(provider.requests).toHaveLength(2);
    expect((await ask()).status).toBe(422);
    await until('no connection is left', async () => (await provider.connections()) === 0);
  } finally {
    await instance.stop();
  }
});

it('a reload reads keys anew: from then on the new one is sent', async () => {
  await using provider = await startMockOpenai();
  using config = routeFile({ providers: { one: { base_url: provider.url, api_key_file: 'key' } } });
  const key = path.join(path.dirname(config.file), 'key');
  writeFileSync(key, 'sk-old\n');
  const instance = await startInstance({ WEIR_CONFIG: config.file });
  try {
    const ask = async () => {
      const body = JSON.stringify({ query: 'hi', provider: 'one', model: 'mock' });
      const headers = { 'Content-Type': 'application/json' };
      await (await fetch(`${instance.url}/api/v1/stream`, { method: 'POST', headers, body })).text();
      return provider.requests.at(-1)?.headers.authorization;
    };
    expect(await ask()).toBe('Bearer sk-old');
    writeFileSync(key, 'sk-new\n');
    expect(await ask()).toBe('Bearer sk-old');
    instance.process.kill('SIGHUP');
    await until('it is reloaded', () => instance.lines.some(({ event }) => event === 'Configuration reloaded'));
    expect(await ask()).toBe('Bearer sk-new');
    expect(JSON.stringify(instance.lines)).not.toMatch(/sk-old|sk-new/);
  } finally {
    await instance.stop();
  }
});
