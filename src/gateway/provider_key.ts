import { readFileSync } from 'node:fs';
import { PROVIDER_PRESETS } from '../config/provider_presets.ts';

/** Servers that everybody knows, and that want a key; one of one's own may want none. */
const WANT_KEYS = new Set(
  Object.values(PROVIDER_PRESETS).flatMap(({ base_url, api_key_env }) =>
    api_key_env === undefined ? [] : [new URL(base_url).hostname],
  ),
);
/** What can stand in a header. */
const KEY = /^[\u0021-\u007e]+$/;

/** Where a provider's key is. */
export interface KeyPlace {
  base_url: string;
  file: string | undefined;
  variable: string | undefined;
  /** Whether the configuration itself says where the key is, and not only the preset. */
  isNamed: boolean;
}

/**
 * Finds a provider's key.
 * @returns also where it is or would be, and why the provider can't be used without it, in one sentence without the key
 */
export function providerKey(
  name: string,
  { base_url, file, variable, isNamed }: KeyPlace,
  environment: Readonly<Record<string, string | undefined>>,
): { key?: string; place: string; unusable: string | undefined } {
  const place = file ?? variable ?? 'api_key_env';
  let key: string | undefined;
  try {
    key = file === undefined ? environment[variable ?? ''] : readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { place, unusable: `The provider ${name} has no key; ${place} can not be read (${code}).` };
  }
  key = key?.trim();
  if (key && !KEY.test(key)) {
    return { place, unusable: `The provider ${name} has no key; ${place} does not hold a valid key.` };
  }
  if (key) return { key, place, unusable: undefined };
  const isWanted = isNamed || WANT_KEYS.has(new URL(base_url).hostname);
  const fix = `set ${place}, or its base URL for a server that wants none`;
  return { place, unusable: isWanted ? `The provider ${name} has no key; ${fix}.` : undefined };
}
