import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type ConfigProblem, configProblems } from './config_problems.ts';
import { type WeirConfig, weirConfigSchema } from './weir_config.ts';

/** All problems of a configuration file at once, a line each: where in the file, and what to do. */
export class WeirConfigError extends Error {
  readonly problems: readonly string[];

  /** @param file as its owner knows it */
  constructor(file: string, problems: readonly string[]) {
    super(`${file} is not valid:\n  ${problems.join('\n  ')}`);
    this.name = 'WeirConfigError';
    this.problems = problems;
  }
}

/** Aliases could make a small file a huge one. */
const MAX_ALIASES = 100;

/**
 * Reads YAML, or JSON, which is a part of it.
 * @param file as its owner knows it, for the error
 * @throws WeirConfigError
 */
export function parseWeirConfig(text: string, file: string): WeirConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    throw new WeirConfigError(
      file,
      document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`),
    );
  }
  const written = plainValue(document, file);
  const parsed = weirConfigSchema.safeParse(written);
  const problems = [...(parsed.success ? [] : parsed.error.issues.flatMap(problemsOf)), ...configProblems(written)];
  if (parsed.success && problems.length === 0) return parsed.data;
  const placed = problems.map((problem) => ({ ...problem, offset: offsetOf(document, problem.path) }));
  placed.sort((a, b) => a.offset - b.offset);
  throw new WeirConfigError(
    file,
    placed.map(({ path, message, offset }) => `${at(offset)}: ${[path.join('.'), message].filter(Boolean).join(' ')}`),
  );
}

/**
 * Aliases are looked up only now, and may lead nowhere, or be too many. A file without anything is one that is being
 * written just now, or was lost: it would take all providers away.
 */
function plainValue(document: Document, file: string): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new WeirConfigError(file, [(error as Error).message]);
  }
  if (value === null) throw new WeirConfigError(file, ['it is empty; name providers and routes, or write {} for none']);
  return value;
}

function problemsOf(issue: z.core.$ZodIssue): ConfigProblem[] {
  const path = issue.path as (string | number)[];
  if (issue.code !== 'unrecognized_keys') return [{ path, message: plainMessage(issue.message) }];
  return issue.keys.map((key) => ({ path: [...path, key], message: 'is not known here; check how it is written' }));
}

/** Zod's own words stand after a path, as ours do. */
function plainMessage(message: string): string {
  return message.replace(/^Invalid (input|option): expected /, 'has to be ').replace(/^Too /, 'is too ');
}

/** The line of the nearest part that is in the file. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
