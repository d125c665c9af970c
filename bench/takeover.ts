import { openStream } from 'weir-client';
import { nodeTransport } from '../src/load/node/node_transport.ts';
import { newStack } from '../test/support/stack_fixture.ts';
import { until } from '../test/support/until.ts';

const STREAMS = 12;
const TOKENS = 400;
/** Every instance holds some streams by then, and each has more than half before it. */
const KILL_AT = 40;

export interface Takeovers {
  /** From the last token before a kill to the first after it, at the client, in milliseconds. */
  gapsMs: number[];
  /** Streams that did not come whole; anything but 0 makes the gaps worthless. */
  broken: number;
}

/**
 * Kills an instance of a native stack in mid-stream, again and again, and takes the gaps that clients see: through
 * NGINX and HTTP/2, with the client library, the text held against its checksum. Tokens are 20 ms apart.
 */
export async function takeovers(rounds: number, say: (line: string) => void): Promise<Takeovers> {
  const stack = await newStack();
  const result: Takeovers = { gapsMs: [], broken: 0 };
  try {
    await stack.start(['--max-per-user', '100']);
    for (let round = 1; round <= rounds; round += 1) {
      const victim = `app-${(round % 3) + 1}`;
      const pid = await stack.pid(victim);
      const transport = nodeTransport(stack.url, { insecure: true });
      let onIt = 0;
      let ripe = 0;
      const streams = Array.from({ length: STREAMS }, () => {
        let mine = false;
        return openStream(
          { query: 'hi', model: 'demo', provider: 'fake', resumable: true, fake: { tokens: TOKENS, ttft_ms: 0 } },
          {
            baseUrl: stack.api,
            transport: transport.send,
            onHead: ({ instance }) => {
              if (instance === victim && !mine) onIt += 1;
              mine ||= instance === victim;
            },
            onEvent: (event) => {
              if (event.type === 'chunk' && event.data.chunk_index === KILL_AT) ripe += 1;
            },
          },
        );
      });
      await until('all streams are under way', () => ripe === STREAMS);
      process.kill(pid, 'SIGKILL');
      for (const stream of await Promise.all(streams)) {
        if (stream.outcome !== 'complete' || stream.chunks !== TOKENS) result.broken += 1;
        for (const { gapMs } of stream.reconnects) result.gapsMs.push(gapMs);
      }
      transport.close();
      say(`kill ${round} of ${rounds}: ${onIt} streams on ${victim}, ${result.broken} broken so far`);
      await until('it is back', async () => (await stack.services()).every(({ healthy }) => healthy), 30_000);
    }
    return result;
  } finally {
    await stack.destroy();
  }
}
