import { hash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, type GatewayConfig } from '../config.ts';

const WITHIN_MS = 5_000;
const LOOK_MS = 50;

/**
 * The secret itself, or the content of the file that is named for it. In Compose another container makes that file while
 * this one starts, so it may come a moment late.
 * @throws ConfigError
 */
export async function peerSecret(
  { PEER_SECRET, PEER_SECRET_FILE: file }: Pick<GatewayConfig, 'PEER_SECRET' | 'PEER_SECRET_FILE'>,
  withinMs = WITHIN_MS,
): Promise<string> {
  if (PEER_SECRET !== '' || file === undefined) return PEER_SECRET;
  let problem = '';
  for (const deadline = Date.now() + withinMs; ; await sleep(LOOK_MS)) {
    try {
      const secret = readFileSync(file, 'utf8').trim();
      if (secret !== '') return secret;
      problem = 'is empty';
    } catch (error) {
      problem = `can not be read (${(error as NodeJS.ErrnoException).code})`;
    }
    if (Date.now() > deadline) break;
  }
  throw new ConfigError(`PEER_SECRET_FILE: ${file} ${problem}; put the secret there, or set PEER_SECRET`);
}

/** Compares with the secret; how long that takes says nothing about either. An empty secret is everybody's. */
export function secretCheck(secret: string): (given: string | string[] | undefined) => boolean {
  const digest = (text: string) => hash('sha256', text, 'buffer');
  const wanted = digest(secret);
  return (given) => secret === '' || (typeof given === 'string' && timingSafeEqual(digest(given), wanted));
}
