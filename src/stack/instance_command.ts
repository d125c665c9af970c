import path from 'node:path';

/**
 * Flags of Node.js for an instance. By default the young generation grows to 128 MiB in each instance. Tokens live for
 * microseconds, so with 8 MiB a token costs the same CPU, and 10,000 streams take half the memory. `--expose-gc` is for
 * `src/gateway/idle_collection.ts`.
 *
 * This file keeps its place: `npm run bench -- --against` reads it from other revisions.
 */
export const INSTANCE_FLAGS: readonly string[] = ['--max-semi-space-size=8', '--expose-gc'];

/** Arguments for Node.js that start an instance; its settings are in the environment. @param root where `src` is */
export function instanceArgs(root: string): string[] {
  return [...INSTANCE_FLAGS, path.join(root, 'src/gateway/main.ts')];
}
