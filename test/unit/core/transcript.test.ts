import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Transcript } from '../../../src/core/stream/transcript.ts';
import { runs } from '../../support/fast_check_runs.ts';

describe('Transcript', () => {
  it('counts code points and hashes the whole, however the text was cut', () => {
    const part = fc.string({ unit: 'binary', maxLength: 50 });
    fc.assert(
      fc.property(fc.array(part), fc.integer({ min: 1, max: 9_000 }), (parts, repeat) => {
        const text = parts.join('') + '🌉'.repeat(repeat);
        const transcript = new Transcript();
        // One UTF-16 unit at a time cuts every surrogate pair.
        const units = text.split('');
        for (const unit of units) transcript.add(unit);
        const whole = Buffer.from(text.toWellFormed(), 'utf8');
        expect(transcript.finish()).toEqual({
          chunks: units.length,
          length: [...text].length,
          sha256: createHash('sha256').update(whole).digest('hex'),
        });
      }),
      { numRuns: runs(5) },
    );
  });
});
