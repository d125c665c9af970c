import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8');
const rows = page.split('\n').filter((line) => /^\| (?!what happens|---)/.test(line));

describe('docs/faults.md', () => {
  it('has rows', () => expect(rows.length).toBeGreaterThan(30));

  it('names tests that exist, by their titles', () => {
    const named = [...page.matchAll(/`(test\/[\w./-]+\.ts)`(?: “([^”]+)”)?/g)];
    expect(named.length).toBeGreaterThan(rows.length / 2);
    const missing = named.filter(([, file = '', title]) => {
      if (!existsSync(join(ROOT, file))) return true;
      return title !== undefined && !readFileSync(join(ROOT, file), 'utf8').includes(title);
    });
    expect(missing.map(([text]) => text)).toEqual([]);
  });

  it('says where a fault has no test', () => {
    const silent = rows.filter((row) => !/`test\/[\w./-]+\.ts`/.test(row) && !row.includes('No test yet'));
    expect(silent).toEqual([]);
  });
});
