import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeNotice } from '../../../src/formats/weir/weir_encoder.ts';
import { runs } from '../../support/fast_check_runs.ts';
import { type Answer, cut, refuse, stream, THREAD, transcript } from './scripted_server.ts';
import { FRAMES, first, open, PARTS, serve, TEXT, useScriptedServers } from './scripted_stream.ts';

useScriptedServers();

describe('a resumable stream', () => {
  it('goes on from the cursor after a cut, with the token of its status', async () => {
    const server = await serve(cut(first(3)), stream(FRAMES.slice(3), 'app-2'));
    const { result, events } = await open(server);
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT, chunks: 4, epoch: 1, head: { instance: 'app-2' } });
    expect(result.reconnects).toEqual([
      { atSeq: 2, fromInstance: 'app-1', toInstance: 'app-2', gapMs: expect.any(Number) },
    ]);
    expect(events.map(({ id }) => id)).toEqual(['1.0', '1.1', '1.2', '1.3', '1.4', '1.5']);
    expect(server.calls).toEqual(['POST', `GET ${THREAD}`]);
    expect(server.seen[1]).toMatchObject({ cursor: '1.2', token: 'token-1', body: '' });
    expect(server.seen[1]?.headers).not.toHaveProperty('content-type');
  });

  it('takes what a cut inside a frame left unfinished once, from the next connection', async () => {
    const half = first(4).slice(0, -9);
    const server = await serve(cut(half), stream(FRAMES.slice(3)));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(server.seen[1]?.cursor).toBe('1.2');
  });

  it('treats an end without a terminal as a cut', async () => {
    const server = await serve(stream(FRAMES.slice(0, 2)), stream(FRAMES.slice(2)));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
  });

  it('says that the thread is gone after a 404, and that it may not go on after a 401', async () => {
    const gone = await open(await serve(cut(first(2)), refuse(404, 'not_found')));
    expect(gone.result).toMatchObject({
      outcome: 'truncated',
      reason: expect.stringContaining('expired'),
      text: 'One ',
    });
    const refused = await open(await serve(cut(first(2)), refuse(401, 'unauthorized')));
    expect(refused.result).toMatchObject({
      outcome: 'truncated',
      reason: 'the server refused to resume: It is unauthorized.',
      head: { status: 200 },
    });
  });

  it('is complete when only [DONE] was cut off, and asks for nothing more', async () => {
    const server = await serve(cut(FRAMES.join('').replace(/data: \[DONE\]\n\n$/, '')));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(server.calls).toEqual(['POST']);
  });

  it('calls a 204 before its terminal a protocol error', async () => {
    expect((await open(await serve(cut(first(2)), refuse(204)))).result).toMatchObject({ outcome: 'protocol_error' });
  });

  it('takes a new epoch as the same stream, and passes notices on', async () => {
    const all = transcript(PARTS, [1, 1, 1, 2, 2, 3]);
    const resumed = encodeNotice({ kind: 'resumed' });
    const server = await serve(
      cut(first(3, all)),
      cut(resumed + all.slice(3, 5).join(''), 'app-2'),
      stream([resumed, ...all.slice(5)], 'app-3'),
    );
    const { result, events } = await open(server);
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT, epoch: 3 });
    expect(result.reconnects).toMatchObject([
      { atSeq: 2, fromInstance: 'app-1', toInstance: 'app-2' },
      { atSeq: 4, fromInstance: 'app-2', toInstance: 'app-3' },
    ]);
    expect(events.filter(({ type }) => type === 'notice')).toHaveLength(2);
    expect(server.seen.map(({ cursor }) => cursor)).toEqual([undefined, '1.2', '2.4']);
  });

  it('counts no connection that brought no event as a reconnect', async () => {
    const server = await serve(
      cut(first(3)),
      cut(encodeNotice({ kind: 'resumed' }), 'app-2'),
      stream(FRAMES.slice(3), 'app-3'),
    );
    const { result } = await open(server);
    expect(result.reconnects).toMatchObject([{ atSeq: 2, fromInstance: 'app-1', toInstance: 'app-3' }]);
    expect(result.reconnects).toHaveLength(1);
  });

  it.each([
    ['a duplicate', FRAMES.slice(2)],
    ['a skipped event', FRAMES.slice(4)],
    ['a second status', FRAMES],
    ['a falling epoch', transcript(PARTS, [1, 1, 1, 0]).slice(3)],
  ])('calls %s after a reconnect a protocol error', async (_, rest) => {
    expect((await open(await serve(cut(first(3)), stream(rest)))).result).toMatchObject({
      outcome: 'protocol_error',
      text: 'One two ',
    });
  });

  it('verifies the checksum over all connections unless disabled', async () => {
    const wrong = transcript(PARTS, [], 'a'.repeat(64));
    const serveWrong = () => serve(cut(first(3, wrong)), stream(wrong.slice(3)));
    expect((await open(await serveWrong())).result).toMatchObject({ outcome: 'protocol_error' });
    expect((await open(await serveWrong(), { verify: false })).result).toMatchObject({ outcome: 'complete' });
  });

  it('takes an error of this reader, which has no number, as its end', async () => {
    const error = { error: 'log_regressed', message: 'Less.', retryable: false, thread_id: THREAD, delivered: 8 };
    const frame = `event: error\ndata: ${JSON.stringify(error)}\n\n`;
    const { result, events } = await open(await serve(cut(first(3)), stream([frame])));
    expect(result).toMatchObject({ outcome: 'error', error, text: 'One two ' });
    expect(events.at(-1)).toEqual({ type: 'error', id: '', data: error });
  });

  it('yields exactly the transcript, once, wherever and however often it is cut', async () => {
    const all = transcript(PARTS, [1, 1, 2, 3, 3, 4]);
    const cuts = fc.array(fc.nat({ max: all.join('').length - 1 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const rest = (cursor: string | undefined) =>
          new TextEncoder().encode(all.slice(cursor === undefined ? 0 : Number(cursor.split('.')[1]) + 1).join(''));
        const broken = places.map(
          (place): Answer =>
            (response, seen) => {
              const bytes = rest(seen.cursor);
              cut(bytes.subarray(0, place % bytes.length))(response, seen);
            },
        );
        const server = await serve(...broken, (response, seen) => cut(rest(seen.cursor))(response, seen));
        const { result, events } = await open(server);
        expect(result).toMatchObject({ outcome: 'complete', text: TEXT, epoch: 4 });
        expect(events.map(({ id }) => id)).toEqual(['1.0', '1.1', '2.2', '3.3', '3.4', '4.5']);
        server.close();
      }),
      { numRuns: runs(20) },
    );
  });
});
