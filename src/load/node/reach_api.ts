import { errorCode, outcomeOfFailure } from '../outcome.ts';
import { type NodeTransportOptions, nodeTransport } from './node_transport.ts';

/** The API cannot be reached; `message` says what to do. */
export class Unreachable extends Error {}

/**
 * Checks that an API answers before the run. If plain HTTP redirects to https, returns the https base, so that the run does
 * not measure redirects.
 *
 * @param probe path below the base; any status counts as an answer
 * @throws Unreachable
 */
export async function reachApi(
  baseUrl: string,
  options: NodeTransportOptions,
  signal: AbortSignal,
  probe = '/health/live',
): Promise<string> {
  const transport = nodeTransport(baseUrl, options);
  const timeout = AbortSignal.timeout(10_000);
  try {
    const answer = await transport.send(`${baseUrl}${probe}`, {
      method: 'GET',
      headers: { accept: 'application/json' },
      body: '',
      signal: AbortSignal.any([signal, timeout]),
    });
    for await (const _ of answer.body);
    const location = answer.status >= 300 && answer.status < 400 ? answer.headers('location') : null;
    const target = location === null ? null : URL.parse(location, baseUrl);
    if (target === null || target.origin === new URL(baseUrl).origin) return baseUrl;
    return await reachApi(target.href.replace(/\/+$/, '').slice(0, -probe.length), options, signal, probe);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Unreachable) throw error;
    throw new Unreachable(
      timeout.aborted ? `${baseUrl} did not answer within 10 s; ${START_IT}` : sentence(baseUrl, error),
    );
  } finally {
    transport.close();
  }
}

const START_IT = 'start the stack with "./weir start --all", or see "./weir status".';

function sentence(baseUrl: string, error: unknown): string {
  const { origin, hostname } = new URL(baseUrl);
  const code = errorCode(error);
  switch (outcomeOfFailure(error)) {
    case 'dns':
      return `The host name ${hostname} cannot be resolved (${code}); check the address.`;
    case 'tls':
      return `The certificate of ${origin} is not trusted (${code}); check it with "./weir certs show", or use --insecure.`;
    default:
      return `Nothing answers at ${origin} (${code || (error instanceof Error ? error.message : error)}); ${START_IT}`;
  }
}
