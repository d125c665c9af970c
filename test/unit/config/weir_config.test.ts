import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseWeirConfig, WeirConfigError } from '../../../src/config/parse_weir_config.ts';
import { PROVIDER_PRESETS } from '../../../src/config/provider_presets.ts';
import { countedProviders, priceOf, settledProvider } from '../../../src/config/weir_config.ts';

function problemsOf(text: string): readonly string[] {
  try {
    parseWeirConfig(text, 'weir.config.yaml');
  } catch (error) {
    if (error instanceof WeirConfigError) return error.problems;
    throw error;
  }
  return [];
}

const BROKEN = `
default_provider: missing
providers:
  op/enai:
    preset: openaai
    api_key_env: sk-1234
    pricess: {}
  mine:
    base_url: https://me:secret@example.com/v1
    headers: { Host: x }
    api_key_env: A
    api_key_file: b
  nowhere: {}
routes:
  smart:
    targets:
      - { provider: missing, model: m, weight: 1 }
      - { provider: mine }
  mine/x: { targets: [] }
`;

describe('weir.config.yaml', () => {
  it('names all its problems at once, with line and path, in the order of the file', () => {
    const problems = problemsOf(BROKEN);
    const wanted = [
      /^line 2: default_provider there is no provider "missing"/,
      /^line 5: providers\.op\/enai has to be 1 to 64 of/,
      /^line 5: providers\.op\/enai\.preset has to be one of "openai"/,
      /^line 6: providers\.op\/enai\.api_key_env takes the name of an environment variable \(A-Z 0-9 _\), not a key/,
      /^line 7: providers\.op\/enai\.pricess is not known here/,
      /^line 9: providers\.mine\.base_url holds more than an address/,
      /^line 10: providers\.mine\.headers\.Host is set by Weir itself/,
      /^line 12: providers\.mine\.api_key_file names two places for the key/,
      /^line 13: providers\.nowhere has no address/,
      /^line 17: routes\.smart\.targets have weights in part/,
      /^line 17: routes\.smart\.targets\.0\.provider there is no provider "missing"/,
      /^line 18: routes\.smart\.targets\.1\.model has to be string/,
      /^line 19: routes\.mine\/x would hide models of mine/,
      /^line 19: routes\.mine\/x\.targets is too small/,
    ];
    for (const pattern of wanted) expect(problems).toContainEqual(expect.stringMatching(pattern));
    expect(problems).toHaveLength(wanted.length);
    expect(problems.join()).not.toContain('secret');
  });

  it.each([
    ['is no YAML', 'a: [', /^line 1: /],
    ['is a list', '[1]', /has to be object/],
    ['is empty', '', /^it is empty; name providers and routes, or write \{\} for none$/],
    ['has comments only', '# nothing yet\n---\n', /^it is empty/],
    ['has a key twice', 'routes: {}\nroutes: {}', /^line 2: Map keys must be unique/],
    ['has an alias to nowhere', 'providers: *x', /alias/i],
    ['doubles itself', `a: &a [1]\n${lists(20)}`, /./],
  ])('is refused when it %s', (_, text, problem) => {
    expect(problemsOf(text)[0]).toMatch(problem);
  });

  it('may be JSON, and may name none', () => {
    const json = JSON.stringify({ providers: { a: { preset: 'groq' } }, routes: {} });
    expect(parseWeirConfig(json, 'x').providers.a?.preset).toBe('groq');
    expect(parseWeirConfig('{} # nothing yet', 'x')).toEqual({ providers: {}, routes: {} });
  });

  it('has an example that is valid', () => {
    expect(problemsOf(readFileSync('weir.config.example.yaml', 'utf8'))).toEqual([]);
  });

  it.each([
    ['a key twice', 'api_key_env: [A, B, A]', /api_key_env names A twice; name each key once/],
    ['a key among names', 'api_key_env: [A, sk-1]', /api_key_env\.1 takes the name of an environment variable/],
    ['no key', 'api_key_file: []', /api_key_file is too small/],
    ['files and variables', 'api_key_file: [a], api_key_env: [A]', /names two places for the key/],
    [
      'several keys with runs that belong to one',
      'api_key_env: [A, B], capabilities: { continuation: responses }',
      /api_key_env has several keys, but continuation responses goes on with the key that began; take one key/,
    ],
  ])('refuses a provider with %s', (_, keys, problem) => {
    expect(problemsOf(`providers: { it: { preset: openai, ${keys} } }`)).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['an order that is none', 'order: random', [{}, {}], /order has to be one of "affinity"\|"least_busy"/],
    [
      'weights of 0 only',
      'order: affinity',
      [{ weight: 0 }, { weight: 0 }],
      /targets all have the weight 0; give at least/,
    ],
    [
      'least_busy over two targets of one provider',
      'order: least_busy',
      [{ provider: 'a' }, { provider: 'a' }],
      /targets\.1\.provider is a again, and least_busy counts the streams of a provider; configure each server/,
    ],
    [
      'least_busy over the fake provider',
      'order: least_busy',
      [{}, { provider: 'fake' }],
      /targets\.1\.provider is inside every instance, and least_busy does not count its streams; leave it out/,
    ],
  ])('refuses a route with %s', (_, order, more, problem) => {
    const targets = more.map((each, at) => ({ provider: at === 0 ? 'a' : 'b', model: 'm', ...each }));
    const text = `providers: { a: { preset: vllm }, b: { preset: ollama } }
routes: { r: { ${order}, targets: ${JSON.stringify(targets)} } }`;
    expect(problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  it('may name several keys, and say who is asked first', () => {
    const { providers, routes } = parseWeirConfig(
      `providers: { a: { preset: openai, api_key_env: [A, B] }, b: { preset: vllm } }
routes: { r: { order: least_busy, targets: [{ provider: a, model: m, weight: 0 }, { provider: b, model: m, weight: 2 }] } }`,
      'x',
    );
    expect(settledProvider(providers.a as NonNullable<typeof providers.a>).api_key_env).toEqual(['A', 'B']);
    expect(countedProviders({ routes })).toEqual(['a', 'b']);
  });

  it('has prices', () => {
    const config = parseWeirConfig(
      'providers: { a: { preset: openai, prices: { m: { input: 1.5, output: 6 } } } }',
      'x',
    );
    expect(priceOf(config, 'a', 'm')).toEqual({ input: 1.5, output: 6 });
    expect(priceOf(config, 'a', 'toString')).toBeUndefined();
    expect(priceOf(config, 'b', 'm')).toBeUndefined();
  });
});

describe('a preset', () => {
  it.each(Object.keys(PROVIDER_PRESETS))('%s is a whole provider', (preset) => {
    const { providers } = parseWeirConfig(JSON.stringify({ providers: { it: { preset } } }), 'x');
    const settled = settledProvider(providers.it as NonNullable<typeof providers.it>);
    expect(URL.canParse(settled.base_url)).toBe(true);
    expect(settled.speaks.length).toBeGreaterThan(0);
  });

  it('gives way to what is said', () => {
    const text =
      'providers: { it: { preset: openai, base_url: "http://x/v1", api_key_file: k, capabilities: { speaks: [chat] } } }';
    const { providers } = parseWeirConfig(text, 'x');
    expect(settledProvider(providers.it as NonNullable<typeof providers.it>)).toMatchObject({
      base_url: 'http://x/v1',
      api_key_env: [],
      api_key_file: ['k'],
      speaks: ['chat'],
    });
  });
});

/** Each twice the one before. */
function lists(count: number): string {
  const name = (at: number) => String.fromCharCode(97 + at);
  return Array.from(
    { length: count },
    (_, at) => `${name(at + 1)}: &${name(at + 1)} [*${name(at)}, *${name(at)}]`,
  ).join('\n');
}
