import { request } from 'node:http';
import { Redis } from 'ioredis';
import type { HealthView } from '../../src/formats/cluster/cluster_view.ts';
import type { ServiceStatus } from '../../src/stack/supervisor/service_spec.ts';

/** @param address of a service, as `status --json` names it */
export const pathOf = (address: string) => address.replace(/^unix:/, '');

function ask(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.once('end', () => resolve(text));
    });
    asked.once('error', reject).end();
  });
}

/** What is still held although no stream runs, a sentence each; empty when all is as before. */
export async function remains(services: ServiceStatus[]): Promise<string[]> {
  const found: string[] = [];
  for (const { name, address } of services.filter(({ name }) => name.startsWith('app-'))) {
    try {
      const { pool } = JSON.parse(await ask(pathOf(address), '/api/v1/health')) as HealthView;
      if (pool.total_connections > 0) found.push(`${name} counts ${pool.total_connections} streams`);
      const active = /^weir_active_streams (\d+)$/m.exec(await ask(pathOf(address), '/metrics'))?.[1];
      if (active !== '0') found.push(`${name} has ${active} streams open`);
    } catch (error) {
      found.push(`${name} does not answer: ${String(error)}`);
    }
  }
  return [...found, ...(await remainsInRedis(services))];
}

async function remainsInRedis(services: ServiceStatus[]): Promise<string[]> {
  const address = services.find(({ name }) => name === 'redis')?.address ?? '';
  const redis = new Redis({ path: pathOf(address), maxRetriesPerRequest: 1 });
  const found: string[] = [];
  try {
    for (const key of await redis.keys('weir:slots:*')) {
      const slots = await redis.zcard(key);
      if (slots > 0) found.push(`Redis holds ${slots} slots in ${key}`);
    }
    for (const key of await redis.keys('weir:thread:*')) {
      if ((await redis.hget(key, 'state')) === 'running') found.push(`Redis holds ${key} as running`);
    }
    for (const key of await redis.keys('weir:*')) {
      if ((await redis.pttl(key)) === -1) found.push(`${key} has no time to live`);
    }
  } finally {
    redis.disconnect();
  }
  return found;
}

/** Bytes of each instance's process. */
export async function memory(services: ServiceStatus[]): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const { name, address } of services.filter(({ name }) => name.startsWith('app-'))) {
    const text = await ask(pathOf(address), '/metrics').catch(() => '');
    sizes[name] = Number(/^weir_resident_memory_bytes (\d+)$/m.exec(text)?.[1] ?? 0);
  }
  return sizes;
}
