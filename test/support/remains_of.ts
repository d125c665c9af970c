import path from 'node:path';
import type { Instance } from './instance.ts';
import { until } from './until.ts';

/** What a process holds after garbage collection: bytes of V8's heap and outside of it, and open handles by kind. */
export interface Remains {
  heap: number;
  external: number;
  handles: Record<string, number>;
}

/** NODE_OPTIONS of an instance that can be asked by {@link remainsOf}. */
export const REPORTS_REMAINS = `--import ${path.resolve(import.meta.dirname, '../leaks/report_remains.ts')}`;

export async function remainsOf(instance: Instance): Promise<Remains> {
  const said = () => instance.lines.filter(({ event }) => event === 'Remains');
  const before = said().length;
  instance.process.kill('SIGUSR2');
  return (await until('what the process holds', () => said()[before])) as unknown as Remains;
}
