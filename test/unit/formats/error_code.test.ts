import { expect, it } from 'vitest';
import { WeirError } from '../../../src/formats/error_code.ts';

it('an error takes no stack where its code says what happened, and leaves the stacks of others alone', () => {
  expect(new WeirError('too_many_connections').stack).not.toContain('error_code.test.ts');
  expect(new WeirError('internal_error').stack).toContain('error_code.test.ts');
  expect(new Error('another').stack).toContain('error_code.test.ts');
});
