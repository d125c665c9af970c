import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchTransport, type Transport } from '../../../packages/client/src/transport.ts';
import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import { HEARTBEAT } from '../../../src/formats/weir/weir_encoder.ts';
import { type Answer, cut, drop, hang, refuse, ScriptedServer, stream } from './scripted_server.ts';
import { FRAMES, first, open, serve, TEXT, useScriptedServers } from './scripted_stream.ts';

useScriptedServers();

describe('a resumable stream, in time', () => {
  it('gives a silent connection up, one with a head and one without', async () => {
    const reasons: string[] = [];
    const server = await serve(hang(FRAMES.slice(0, 2)), () => {}, stream(FRAMES.slice(2)));
    const { result } = await open(server, { silenceMs: 2_000, onInterrupt: (reason) => reasons.push(reason) });
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(result.reconnects).toHaveLength(1);
    expect(reasons).toEqual(['no data for 2 s', 'no data for 2 s']);
  });

  it('does not wait for a transport that does not hear the watchdog', async () => {
    let sent = 0;
    const transport: Transport = (url, request) =>
      ++sent === 2 ? new Promise(() => {}) : fetchTransport(url, request);
    const server = await serve(cut(first(2)), stream(FRAMES.slice(2)));
    expect((await open(server, { transport, silenceMs: 600 })).result).toMatchObject({
      outcome: 'complete',
      text: TEXT,
    });
  });

  it('is not cut by its own watchdog while the caller takes its time', async () => {
    const server = await serve((response, seen) => {
      hang(FRAMES.slice(0, 1))(response, seen);
      setTimeout(() => response.end(FRAMES.slice(1).join('')), 50);
    });
    const slow = (event: StreamEvent) =>
      event.type === 'status' ? new Promise((resolve) => setTimeout(resolve, 2_500)) : undefined;
    expect((await open(server, { silenceMs: 2_000, onEvent: slow })).result).toMatchObject({ outcome: 'complete' });
    expect(server.calls).toEqual(['POST']);
  });

  it('takes a head for a sign of life', async () => {
    const late = (ms: number, step: () => void) => setTimeout(step, ms);
    const server = await serve((response, seen) => {
      late(2_400, () => {
        hang([])(response, seen);
        late(2_400, () => response.end(FRAMES.join('')));
      });
    });
    expect((await open(server, { silenceMs: 4_000 })).result).toMatchObject({ outcome: 'complete' });
    expect(server.calls).toEqual(['POST']);
  });

  it('waits for Retry-After, and tries again after 502, 503, 504, 429 and a refused connection', async () => {
    const server = await serve(
      cut(first(2)),
      refuse(503, 'service_unavailable', { 'retry-after': '0.2' }),
      refuse(502, 'upstream_error'),
      refuse(504, 'upstream_timeout'),
      refuse(429, 'too_many_connections'),
      drop,
      stream(FRAMES.slice(2), 'app-3'),
    );
    const waits = vi.spyOn(globalThis, 'setTimeout');
    const { result } = await open(server);
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(result.reconnects).toMatchObject([{ atSeq: 1, toInstance: 'app-3' }]);
    expect(waits.mock.calls.map(([, ms]) => ms)).toContain(200);
  });

  it('starts its back-off anew after each connection that brought an event', async () => {
    vi.mocked(Math.random).mockReturnValue(0.5);
    const waits = vi.spyOn(globalThis, 'setTimeout');
    const server = await serve(
      cut(first(2)),
      refuse(503),
      refuse(503),
      cut(FRAMES[2]!),
      cut(HEARTBEAT),
      stream(FRAMES.slice(3)),
    );
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
    const short = waits.mock.calls.map(([, ms]) => ms).filter((ms) => ms !== undefined && ms > 0 && ms < 1_000);
    expect(short).toEqual([25, 50, 100, 25, 50]);
  });

  it('counts the time to give up from the last byte, not from its start', async () => {
    const beating: Answer = (response, seen) => {
      hang(FRAMES.slice(0, 2))(response, seen);
      let left = 10;
      const timer = setInterval(() => {
        if (left-- > 0) return response.write(HEARTBEAT);
        clearInterval(timer);
        return response.destroy();
      }, 100);
    };
    const server = await serve(beating, refuse(503), refuse(503), stream(FRAMES.slice(2)));
    expect((await open(server, { giveUpAfterMs: 900 })).result).toMatchObject({ outcome: 'complete', text: TEXT });
  });

  it('is back when the server is, after its port refused connections for a while', async () => {
    const server = await serve(cut(first(2)));
    const { port } = server;
    vi.mocked(Math.random).mockReturnValue(0.5);
    let second: ScriptedServer | undefined;
    onTestFinished(() => second?.close());
    const { result } = await open(server, {
      onInterrupt: (reason) => {
        if (reason.startsWith('the connection broke')) server.close();
        else if (!second) {
          second = new ScriptedServer([stream(FRAMES.slice(2))]);
          void second.listen(port);
        }
      },
    });
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(second?.seen[0]?.cursor).toBe('1.1');
  });

  it('gives up when nothing brings it back, with all that came', async () => {
    const server = await serve(cut(first(3)), ...Array<Answer>(500).fill(refuse(503)));
    vi.mocked(Math.random).mockReturnValue(0.5);
    const { result } = await open(server, { giveUpAfterMs: 400 });
    expect(result).toMatchObject({ outcome: 'truncated', text: 'One two ', chunks: 2 });
    expect(result).toMatchObject({ reason: expect.stringMatching(/^status 503.*gave up/) });
    const impatient = await serve(cut(first(3)), refuse(503, 'service_unavailable', { 'retry-after': '90' }));
    expect((await open(impatient)).result).toMatchObject({ outcome: 'truncated' });
    expect(impatient.calls).toHaveLength(2);
  });
});
