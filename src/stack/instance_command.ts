import path from 'node:path';

/**
 * How Node.js runs an instance. The young generation grows to 128 MiB by itself, in each instance; with streams, whose
 * tokens live for microseconds, that buys nothing: at 8 MiB a token costs the same CPU, and 10,000 streams take half
 * the memory. `--expose-gc` is for `src/gateway/idle_collection.ts`.
 */
export const INSTANCE_FLAGS: readonly string[] = ['--max-semi-space-size=8', '--expose-gc'];

/** Arguments for Node.js that start an instance; its settings are in the environment. @param root where `src` is */
export function instanceArgs(root: string): string[] {
  return [...INSTANCE_FLAGS, path.join(root, 'src/gateway/main.ts')];
}
