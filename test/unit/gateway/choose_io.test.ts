import { afterEach, describe, expect, it, vi } from 'vitest';
import { ChunkedBody } from '../../../src/adapters/providers/chunked_body.ts';
import { chooseIo, TESTED, untested } from '../../../src/gateway/choose_io.ts';
import { forbidDirectWrites } from '../../../src/gateway/http/direct_write.ts';

afterEach(() => {
  vi.restoreAllMocks();
  forbidDirectWrites();
});

/** @returns why input and output are plain, as the log says it */
async function reasons(isForbidden = false): Promise<unknown[]> {
  const found: unknown[] = [];
  const silent = () => {};
  const info = (_: string, __: string, fields?: Record<string, unknown>) => found.push(fields?.reason);
  await chooseIo(isForbidden, { debug: silent, info, warn: silent, error: silent });
  return found;
}

/** Node's own binding, a part of it replaced. */
function withBinding(change: Record<string, unknown>): void {
  const owner = process as unknown as { binding: (name: string) => object };
  const real = owner.binding('stream_wrap');
  vi.spyOn(owner, 'binding').mockReturnValue({ ...real, ...change });
}

describe('direct writes and small reads', () => {
  it('are used with the versions that are installed, after a trial of both', async () => {
    expect(await reasons()).toEqual([]);
  });

  it('are left out where the operator wants it, with one line', async () => {
    expect(await reasons(true)).toEqual(['WEIR_PLAIN_IO=1']);
  });

  it('are left out with versions that were not tested', () => {
    const [node] = TESTED.node;
    expect(untested(`${node}.1.0`, TESTED.undici)).toBeUndefined();
    expect(untested('99.0.0', TESTED.undici)).toBe('not tested with Node 99.0.0');
    expect(untested(`${node}.1.0`, '0.0.1')).toBe('not tested with undici 0.0.1');
  });

  it('are left out where Node refuses its binding, as under --permission', async () => {
    vi.spyOn(process as unknown as { binding: () => object }, 'binding').mockImplementation(() => {
      throw new Error('Access to this API has been restricted');
    });
    expect(await reasons()).toEqual(['Access to this API has been restricted']);
  });

  it.each([
    ['is missing', { WriteWrap: undefined }],
    ['says nothing of the last write', { streamBaseState: [] }],
    ['says that no write waits', { kLastWriteWasAsync: 0, streamBaseState: [0] }],
    ['says that each write waits', { kLastWriteWasAsync: 0, streamBaseState: [1] }],
  ])('are left out where a part of the binding %s', async (_, change) => {
    withBinding(change);
    expect(await reasons()).toHaveLength(1);
  });

  it.each([
    ['none pass by', () => 0, "no chunk passes undici's parser by"],
    [
      'some are lost',
      (bytes: Buffer) => (bytes.includes('0\r\n\r\n') ? 0 : bytes.length),
      'not all that was sent arrived',
    ],
  ])('are left out where, of the chunks of an answer, %s', async (_, pass, reason) => {
    vi.spyOn(ChunkedBody.prototype, 'pass').mockImplementation(pass);
    expect(await reasons()).toEqual([reason]);
  });
});
