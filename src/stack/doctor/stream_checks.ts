import { type ShortResponse, shortRequest } from '../http_request.ts';
import { stackUrl } from '../service_specs.ts';
import { type Check, type DoctorContext, fail, ok, warn } from './check.ts';

/** Its own loopback address each, so that the checks don't use up the places of whoever runs them. */
const STREAM_SOURCE = '127.86.0.1';
const BALANCE_SOURCE = '127.86.0.2';
const TIMEOUT_MS = 15_000;

function openStream(context: DoctorContext, source: string, fake: object, onData?: (piece: string) => void) {
  const { bind } = context.options;
  const isLocal = bind === '127.0.0.1' || bind === '0.0.0.0';
  const url = new URL(`${stackUrl(context.options)}/api/v1/stream`);
  if (isLocal) url.hostname = '127.0.0.1';
  return shortRequest({
    url: url.href,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'doctor', model: 'doctor', provider: 'fake', fake }),
    timeoutMs: TIMEOUT_MS,
    ...(isLocal ? { localAddress: source } : {}),
    ...(onData ? { onData } : {}),
  });
}

/** Streams ten tokens, 50 ms apart, and looks whether they come one by one. */
export async function checkUnbuffered(context: DoctorContext): Promise<Check> {
  const id = 'unbuffered';
  let pieces = 0;
  const fake = { tokens: 10, tokens_per_second: 20, ttft_ms: 0 };
  const answer = await openStream(context, STREAM_SOURCE, fake, () => pieces++).catch((error: Error) => error);
  if (answer instanceof Error || answer.status !== 200) {
    const what = `a stream could not be opened (${answer instanceof Error ? answer.message : `status ${answer.status}`})`;
    return fail(id, what, 'The API answers, but not with a stream.', './weir logs app-1');
  }
  if (!answer.body.includes('[DONE]')) {
    return fail(id, 'a stream was cut', 'It ended without [DONE].', './weir logs nginx');
  }
  // Ten chunks and the end; two may travel together on a busy machine.
  if (pieces >= 6) return ok(id, `a stream of ten tokens arrived in ${pieces} pieces`);
  const why = 'Something on the way collects the answer (proxy_buffering, gzip, a proxy of your own).';
  return warn(id, `a stream of ten tokens arrived in ${pieces} pieces`, why, 'look for another proxy before NGINX');
}

/** Holds as many streams as one user may have, and counts them per instance. */
export async function checkBalance(context: DoctorContext): Promise<Check> {
  const id = 'balance';
  const { instances, maxPerUser, poolScope } = context.options;
  const perInstance = Math.min(poolScope === 'cluster' ? Math.floor(maxPerUser / instances) : maxPerUser, 3);
  if (perInstance === 0) return ok(id, `not looked at: one user may not have ${instances} streams here`);
  const fake = { tokens: 2, tokens_per_second: 2, ttft_ms: 500 };
  const answers = await Promise.all(
    Array.from({ length: instances * perInstance }, () =>
      openStream(context, BALANCE_SOURCE, fake).catch((): ShortResponse => ({ status: 0, headers: {}, body: '' })),
    ),
  );
  const counts = new Map<string, number>();
  for (const { status, headers } of answers) {
    const name = status === 200 ? String(headers['x-instance-id']) : `status ${status}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const list = [...counts].sort().map(([name, count]) => `${name}: ${count}`);
  const even = counts.size === instances && [...counts.values()].every((count) => count === perInstance);
  if (even) return ok(id, `${answers.length} held streams: ${list.join(', ')}`);
  const why =
    'least_conn evens out the streams that are open now; others are running, or an instance came back a moment ago.';
  return warn(
    id,
    `${answers.length} held streams: ${list.join(', ')}`,
    why,
    './weir status; try again when nothing else runs',
  );
}
