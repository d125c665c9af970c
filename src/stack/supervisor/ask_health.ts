import { connect } from 'node:net';
import type { HealthView } from '../../formats/cluster/cluster_view.ts';
import { shortRequest } from '../http_request.ts';
import type { HealthQuestion, ServiceSpec } from './service_spec.ts';

const TIMEOUT_MS = 1000;

/** Redis' PING, without a client library: the supervisor needs only this command. */
function pingRedis(where: { path: string } | { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(where, () => connection.write('PING\r\n'));
    const end = (alive: boolean) => {
      connection.destroy();
      resolve(alive);
    };
    connection.setTimeout(TIMEOUT_MS, () => end(false));
    connection.once('error', () => end(false));
    connection.once('data', (answer) => end(answer.toString().startsWith('+PONG')));
  });
}

/** Whether a service answers; never rejects. */
export async function askHealth(question: HealthQuestion): Promise<boolean> {
  if (question.kind === 'redis') {
    const { path = '', port } = question;
    return pingRedis(port === undefined ? { path } : { host: '127.0.0.1', port });
  }
  const { kind: _, ...where } = question;
  const answer = await shortRequest({ ...where, timeoutMs: TIMEOUT_MS }).catch(() => undefined);
  return answer !== undefined && answer.status < 500;
}

/** Open streams of an instance; 0 if it does not answer. */
export async function askActiveStreams(spec: ServiceSpec): Promise<number> {
  if (spec.kind !== 'instance' || spec.health.kind !== 'http') return 0;
  try {
    const { kind: _, ...where } = spec.health;
    const answer = await shortRequest({ ...where, path: '/api/v1/health', timeoutMs: TIMEOUT_MS });
    const streams = (JSON.parse(answer.body) as HealthView).pool.total_connections;
    return Number.isInteger(streams) ? streams : 0;
  } catch {
    return 0;
  }
}
