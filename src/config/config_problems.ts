import { LOCAL_PROVIDER } from './weir_config.ts';

/** Something that is wrong with a configuration: where, and what to do. */
export interface ConfigProblem {
  /** From the top, for example `['routes', 'smart', 'targets', 0]`. */
  path: readonly (string | number)[];
  message: string;
}

type Part = Record<string, unknown>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** They are ours to set, or would change where the bytes of a message end. */
const OWN_HEADERS = /^(host|connection|content-.*|transfer-encoding|accept-encoding|te|upgrade|expect|trailer)$/i;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no header may hold
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]*$/;

/**
 * Problems that a schema can't see, because they are about two parts of the file. It takes the file as it was written:
 * what is wrong elsewhere must not hide them.
 */
export function configProblems(file: unknown): ConfigProblem[] {
  const { providers, routes, default_provider } = partOf(file);
  const known = [LOCAL_PROVIDER, ...Object.keys(partOf(providers))];
  const unknown = (name: string) => `there is no provider "${name}"; take one of ${known.join(', ')}`;
  const problems: ConfigProblem[] = [];
  for (const [name, provider] of Object.entries(partOf(providers))) {
    problems.push(...providerProblems(name, partOf(provider)));
  }
  for (const [name, route] of Object.entries(partOf(routes))) {
    problems.push(...routeProblems(name, partOf(route), known, unknown));
  }
  if (typeof default_provider === 'string' && !known.includes(default_provider)) {
    problems.push({ path: ['default_provider'], message: unknown(default_provider) });
  }
  return problems;
}

function providerProblems(name: string, provider: Part): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const say = (message: string, ...path: string[]) => problems.push({ path: ['providers', name, ...path], message });
  if (name === LOCAL_PROVIDER) say('is the provider inside every instance; choose another name');
  else if (!NAME.test(name)) say('has to be 1 to 64 of A-Z a-z 0-9 . _ - and to begin with a letter or digit');
  const { preset, base_url, api_key_env, api_key_file, headers, capabilities } = provider;
  if (base_url === undefined && preset === undefined) say('has no address; give it a base_url, or a preset');
  if (api_key_env !== undefined && api_key_file !== undefined) {
    say('names two places for the key; take api_key_env or api_key_file', 'api_key_file');
  }
  for (const [field, keys] of Object.entries({ api_key_env, api_key_file })) {
    if (!Array.isArray(keys)) continue;
    const twice = keys.find((key, at) => keys.indexOf(key) < at);
    if (twice !== undefined) say(`names ${String(twice)} twice; name each key once`, field);
    if (keys.length > 1 && partOf(capabilities).continuation === 'responses') {
      say('has several keys, but continuation responses goes on with the key that began; take one key', field);
    }
  }
  const url = typeof base_url === 'string' && URL.canParse(base_url) ? new URL(base_url) : undefined;
  if (url && (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')) {
    say('holds more than an address; keys belong into api_key_env, api_key_file or headers', 'base_url');
  }
  for (const [header, value] of Object.entries(partOf(headers))) {
    if (!HEADER_NAME.test(header)) say('is no name of a header', 'headers', header);
    else if (OWN_HEADERS.test(header)) say('is set by Weir itself; leave it out', 'headers', header);
    else if (typeof value === 'string' && !HEADER_VALUE.test(value)) {
      say('has characters that no header can have', 'headers', header);
    }
  }
  return problems;
}

function routeProblems(
  name: string,
  route: Part,
  known: readonly string[],
  unknown: (name: string) => string,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const path = ['routes', name];
  if (name === '' || name.length > 200) problems.push({ path, message: 'has to be 1 to 200 characters long' });
  const slash = name.indexOf('/');
  if (slash > 0 && known.includes(name.slice(0, slash))) {
    problems.push({ path, message: `would hide models of ${name.slice(0, slash)}; choose another name` });
  }
  const targets = Array.isArray(route.targets) ? route.targets.map(partOf) : [];
  targets.forEach(({ provider }, at) => {
    if (typeof provider !== 'string' || known.includes(provider)) return;
    problems.push({ path: [...path, 'targets', at, 'provider'], message: unknown(provider) });
  });
  const weighted = targets.filter(({ weight }) => weight !== undefined).length;
  if (weighted > 0 && weighted < targets.length) {
    problems.push({ path: [...path, 'targets'], message: 'have weights in part; give one to each target, or to none' });
  }
  if (targets.length > 0 && targets.every(({ weight }) => weight === 0)) {
    problems.push({ path: [...path, 'targets'], message: 'all have the weight 0; give at least one of them more' });
  }
  if (route.order === 'least_busy') {
    targets.forEach(({ provider }, at) => {
      if (provider === LOCAL_PROVIDER) {
        const message =
          'is inside every instance, and least_busy does not count its streams; leave it out, or choose another order';
        problems.push({ path: [...path, 'targets', at, 'provider'], message });
      }
      if (typeof provider !== 'string' || targets.findIndex((other) => other.provider === provider) === at) return;
      const message = `is ${provider} again, and least_busy counts the streams of a provider; configure each server as a provider`;
      problems.push({ path: [...path, 'targets', at, 'provider'], message });
    });
  }
  return problems;
}

function partOf(value: unknown): Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Part) : {};
}
