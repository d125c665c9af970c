import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseWeirConfig, WeirConfigError } from '../../../src/config/parse_weir_config.ts';
import { PROVIDER_PRESETS } from '../../../src/config/provider_presets.ts';
import { priceOf, settledProvider } from '../../../src/config/weir_config.ts';

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
      api_key_env: undefined,
      api_key_file: 'k',
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
