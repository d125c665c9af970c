import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, listTestFiles, testAreas } from '../../../src/cli/test_areas.ts';

const FILES = [
  'test/architecture.test.ts',
  'test/browser/keyboard.test.ts',
  'test/real/keys.test.ts',
  'test/real/stack_keys.test.ts',
  'test/real/stack_streams.test.ts',
  'test/unit/cli/keys_flags.test.ts',
  'test/unit/core/key_ring.test.ts',
];

describe('an area of the tests', () => {
  it('is a project, with what lies beside the folders among the unit tests', () => {
    expect(filesOf('unit', FILES)).toEqual([FILES[0], FILES[5], FILES[6]]);
    expect(filesOf('browser', FILES)).toEqual([FILES[1]]);
  });

  it('is a folder, part of the names of files, or the path of one', () => {
    expect(filesOf('cli', FILES)).toEqual([FILES[5]]);
    expect(filesOf('keys', FILES)).toEqual([FILES[2], FILES[3], FILES[5]]);
    expect(filesOf('stack', FILES)).toEqual([FILES[3], FILES[4]]);
    expect(filesOf('./test/real/keys.test.ts', FILES)).toEqual([FILES[2]]);
    expect(filesOf('key', FILES)).toEqual([FILES[6]]);
    expect(filesOf('board', FILES)).toEqual([FILES[1]]);
    expect(filesOf('nonsense', FILES)).toEqual([]);
  });

  it('is found by one of the names that are offered', () => {
    const offered = ['unit', 'real', 'browser', 'alone', 'cli', 'core', 'keyboard', 'keys', 'stack'];
    expect(testAreas(FILES)).toEqual(offered);
    const real = listTestFiles(path.resolve(import.meta.dirname, '../../..'));
    expect(real).toContain('test/unit/cli/test_areas.test.ts');
    for (const area of testAreas(real)) expect(filesOf(area, real), area).not.toEqual([]);
  });
});
