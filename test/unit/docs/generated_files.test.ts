import { describe, expect, it } from 'vitest';
import { GENERATED_FILES, readGenerated } from '../../../scripts/generate.ts';

describe('what is made from code and checked in', () => {
  it.each(GENERATED_FILES)('$path is current; `npm run generate` writes it', async ({ path, text }) => {
    expect(readGenerated(path)).toBe(await text());
  });
});
