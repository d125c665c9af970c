import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { streamRequestSchema } from '../../../src/formats/weir/stream_request.ts';
import type { StreamRequestInput } from '../../../src/formats/weir/stream_request_input.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const json = (file: string) => JSON.parse(read(file)) as Record<string, unknown>;

it('has one name and version, in what is published and in what this repository imports', () => {
  const about = ({ name, version }: Record<string, unknown>) => ({ name, version });
  expect(about(json('packages/client/src/package.json'))).toEqual(about(json('packages/client/package.json')));
  expect(json('packages/client/src/package.json').private).toBe(true);
});

it('has the licence of the repository', () => {
  expect(read('packages/client/LICENSE')).toBe(read('LICENSE'));
});

it('has for a request the type that the server checks', () => {
  expectTypeOf<StreamRequestInput>().toExtend<z.input<typeof streamRequestSchema>>();
  expectTypeOf<z.input<typeof streamRequestSchema>>().toExtend<StreamRequestInput>();
  expectTypeOf<keyof StreamRequestInput>().toEqualTypeOf<keyof z.input<typeof streamRequestSchema>>();
});
