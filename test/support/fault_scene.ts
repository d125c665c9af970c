import { strict as assert } from 'node:assert';
import { openStream } from 'weir-client';
import { nodeTransport } from '../../src/load/node/node_transport.ts';
import { Deployment } from './deployment.ts';
import { startNginxFront } from './nginx_front.ts';
import { resumable, textOf } from './thread_reading.ts';
import { until } from './until.ts';

/** Instances behind NGINX of which some die at named places, and streams that have to survive it. */
export interface FaultScene {
  /** A fault point for each instance, such as `before_commit@9`; undefined for one that has none. */
  faults: (string | undefined)[];
  /** An instance that died is back after this. */
  restartMs: number;
  /** Each is two streams, over HTTP/1.1 and over HTTP/2. */
  seeds: number[];
  /** That many tokens, at 50 a second. */
  tokens: number;
  /** This one is killed when all streams are under way. */
  victim?: number;
}

/**
 * Plays a scene through NGINX, with a supervisor that starts dead instances again. Strict, so that the promise does not
 * depend on how busy this machine is: a starved Redis pauses the streams.
 * @returns the number of deaths
 * @throws where a stream was not whole, or something is left
 */
export async function survive({ faults, restartMs, seeds, tokens, victim }: FaultScene): Promise<number> {
  await using deployment = await Deployment.start({
    instances: faults.length,
    env: { REDIS_FAILURE: 'strict', CHECKPOINT_SECONDS: '1' },
    envOf: (at) => (faults[at] === undefined ? {} : { FAULT_POINT: faults[at] }),
  });
  await using nginx = await startNginxFront(deployment.instances.map(({ port }) => `127.0.0.1:${port}`));
  deployment.supervise(restartMs);
  const transports = [true, false].map((http1) => nodeTransport(nginx.url, { ca: nginx.ca, http1 }));
  const spoken = seeds.flatMap((seed) => transports.map(({ send }) => ({ seed, send, seen: 0 })));
  const all = Promise.all(
    spoken.map((stream) => {
      return openStream(resumable({ seed: stream.seed, tokens, tokens_per_second: 50 }), {
        baseUrl: `${nginx.url}/api/v1`,
        transport: stream.send,
        onEvent: () => {
          stream.seen += 1;
        },
      });
    }),
  );
  if (victim !== undefined) {
    const underWay = () => spoken.every(({ seen }) => seen > 20);
    await Promise.race([all, until('all streams are under way', underWay)]);
    await deployment.kill(victim);
  }
  for (const [at, result] of (await all).entries()) {
    assert.equal(result.outcome, 'complete', 'reason' in result ? result.reason : '');
    assert.equal(result.text, textOf({ seed: spoken[at]!.seed, tokens }));
    assert.equal(result.chunks, tokens);
  }
  for (const transport of transports) transport.close();
  let slots: unknown[] = [];
  const isFree = async () => {
    slots = await Promise.all(faults.map((_, at) => deployment.slots(at).catch(String)));
    return slots.every((count) => count === 0);
  };
  await until('every instance is back, and no slot is taken', isFree).catch((error: Error) => {
    const said = deployment.instances.map(({ lines }) =>
      lines
        .slice(-20)
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
    throw new Error(`${error.message}; slots: ${slots.join(', ')}; instances said last:\n${said.join('\n\n')}`);
  });
  assert.deepEqual(deployment.errors(), []);
  return deployment.deaths;
}
