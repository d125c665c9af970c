import { describe, expect, it } from 'vitest';
import {
  DEFAULTS,
  type LoadSettings,
  loadCommand,
  planOf,
  settingsFromQuery,
  settingsToQuery,
} from '../../../performance_dashboard/src/view/settings.ts';

const API = 'https://localhost/api/v1';
const with_ = (change: Partial<LoadSettings>): LoadSettings => ({ ...DEFAULTS, ...change });

describe('a link', () => {
  it('says only what is not as usual, and restores all of it', () => {
    expect(settingsToQuery(DEFAULTS)).toBe('');
    const settings = with_({ mode: 'rate', rate: 7, prompt: 'a&b=ü', resumable: true, slo: 'code', engine: 'browser' });
    expect(settingsFromQuery(settingsToQuery(settings))).toEqual(settings);
  });

  it('keeps numbers within their bounds, and what it can not read as it was', () => {
    const read = settingsFromQuery('c=999999&n=0&rate=fast&mode=other&users=&tokens=12.4');
    expect(read).toEqual(with_({ concurrency: 5_000, requests: 1, tokens: 12 }));
  });
});

describe('the plan', () => {
  it('of the guide is ten at once and thirty in all, with nothing else said', () => {
    expect(planOf(DEFAULTS, API, 'fake', 'demo')).toEqual({
      url: API,
      mode: { kind: 'closed', concurrency: 10, requests: 30 },
      warmupMs: 0,
      prompt: DEFAULTS.prompt,
      model: 'demo',
      provider: 'fake',
      users: 1,
      api: 'weir',
    });
  });

  it('of a browser stays within what a browser can open, and is one user', () => {
    const browser = with_({ engine: 'browser', concurrency: 500, users: 9 });
    expect(planOf(browser, API, 'fake', 'demo')).toMatchObject({ mode: { concurrency: 100 }, users: 1 });
    expect(planOf({ ...browser, mode: 'rate' }, API, 'fake', 'demo').mode).toMatchObject({ maxInFlight: 100 });
    expect(planOf({ ...browser, mode: 'limit' }, API, 'fake', 'demo')).toMatchObject({
      users: 1,
      mode: { maxConcurrency: 100 },
    });
    expect(planOf({ ...browser, engine: 'server', mode: 'limit' }, API, 'fake', 'demo').users).toBe(2_000);
  });

  it('has the fake provider’s knobs only where they are its own', () => {
    const short = with_({ tokens: 20 });
    expect(planOf(short, API, 'fake', 'demo').fake).toEqual({ tokens: 20, tokens_per_second: 50 });
    expect(planOf(short, API, 'openai', 'gpt').fake).toBeUndefined();
  });
});

describe('a route', () => {
  it('stands in the link, and is asked for without a provider', () => {
    const settings = with_({ route: 'team/smart' });
    expect(settingsFromQuery(settingsToQuery(settings))).toEqual(settings);
    const plan = planOf(settings, API, undefined, 'team/smart');
    expect(plan).toMatchObject({ model: 'team/smart' });
    expect(plan).not.toHaveProperty('provider');
    expect(loadCommand(settings, API, undefined, 'team/smart')).toBe('./weir load -c 10 -n 30 --route team/smart');
  });
});

describe('the command', () => {
  it('is the guide’s line', () => {
    expect(loadCommand(DEFAULTS, API, 'fake', 'demo')).toBe('./weir load -c 10 -n 30 --provider fake --model demo');
  });

  it('says everything that is not as usual, safe for a shell', () => {
    const settings = with_({
      mode: 'rate',
      rate: 5,
      durationS: 20,
      prompt: "it's",
      slo: 'chat',
      users: 3,
      warmupS: 2,
      tokens: 10,
    });
    expect(loadCommand(settings, 'https://localhost:9443/api/v1', 'fake', 'demo')).toBe(
      './weir load https://localhost:9443/api/v1 --rate 5 --duration 20s --poisson --max-in-flight 200 --users 3 ' +
        `--warmup 2s --slo chat --prompt 'it'\\''s' --provider fake --model demo ` +
        `--fake '{"tokens":10,"tokens_per_second":50}'`,
    );
    expect(loadCommand(with_({ mode: 'limit' }), API, 'fake', 'demo')).toContain('--find-limit -c 2 --duration 5s');
  });
});
