import { randomBytes } from 'node:crypto';

const RANDOM_BYTES = 6;

/** A name for a new incarnation of an instance. */
export function newBootName(instance: string): string {
  return `${instance}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
}

/** Whose incarnation it is. */
export function instanceOfBoot(boot: string): string {
  return boot.slice(0, -(1 + 2 * RANDOM_BYTES));
}
