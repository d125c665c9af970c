import { DOCTOR_MODEL } from '../../formats/cluster/usage_row.ts';
import { type ShortResponse, shortRequest } from '../http_request.ts';
import { operatorKey } from '../keys/api_keys.ts';
import { stackUrl } from '../stack_addresses.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, warn } from './check.ts';
import { isChangedByHand } from './nginx_checks.ts';

/** Each check has its own loopback address, so that its streams do not count as those of another user. */
const STREAM_SOURCE = '127.86.0.1';
const BALANCE_SOURCE = '127.86.0.2';
const TIMEOUT_MS = 15_000;
const GAP_MS = 10;
const WANTED_GAPS = 4;

function openStream(context: DoctorContext, source: string, fake: object, onData?: (piece: string) => void) {
  const { bind } = context.options;
  const isLocal = bind === '127.0.0.1' || bind === '0.0.0.0';
  const url = new URL(`${stackUrl(context.options)}/api/v1/stream`);
  if (isLocal) url.hostname = '127.0.0.1';
  return shortRequest({
    url: url.href,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...credentials(context) },
    body: JSON.stringify({ query: 'doctor', model: DOCTOR_MODEL, provider: 'fake', fake }),
    timeoutMs: TIMEOUT_MS,
    ...(isLocal ? { localAddress: source } : {}),
    ...(onData ? { onData } : {}),
  });
}

/** Where clients need a key, the operator's. All streams then belong to one user, whatever their address. */
function credentials({ layout, options }: DoctorContext): Record<string, string> {
  const key = options.auth === 'keys' ? operatorKey(layout) : undefined;
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

/** Times a stream of ten tokens, 50 ms apart: the gaps must reach the client. */
export async function checkUnbuffered(context: DoctorContext): Promise<Check> {
  const id = 'unbuffered';
  const arrivals: number[] = [];
  const fake = { tokens: 10, tokens_per_second: 20, ttft_ms: 0 };
  const answer = await openStream(context, STREAM_SOURCE, fake, () => arrivals.push(performance.now())).catch(
    (error: Error) => error,
  );
  if (answer instanceof Error || answer.status !== 200) {
    const what = `a stream could not be opened (${answer instanceof Error ? answer.message : `status ${answer.status}`})`;
    return fail(id, what, 'The API answers, but not with a stream. See ./weir logs app-1.', './weir restart');
  }
  if (!answer.body.includes('[DONE]')) {
    return fail(id, 'a stream was cut', 'It ended without [DONE]. See ./weir logs nginx.', './weir restart nginx');
  }
  const gaps = arrivals.filter((time, index) => index > 0 && time - arrivals[index - 1]! > GAP_MS).length;
  // Nine gaps left the instance; on a busy machine some tokens travel together.
  if (gaps >= WANTED_GAPS) return ok(id, `ten tokens, 50 ms apart, arrived with ${gaps} gaps`);
  const what = `ten tokens, 50 ms apart, arrived with ${gaps === 1 ? 'one gap' : `${gaps} gaps`}: something buffers them`;
  if (!isChangedByHand(context.layout)) {
    return warn(id, what, 'NGINX does not buffer (proxy_buffering off).', 'look for another proxy in front of NGINX');
  }
  const why = "NGINX's configuration was changed by hand: with proxy_buffering on, text comes in lumps or at the end.";
  return warn(id, what, why, './weir restart nginx');
}

/** Holds as many streams as one user may have, for less than a second, and counts them per instance. */
export async function checkBalance(context: DoctorContext, { services }: Situation): Promise<Check> {
  const id = 'balance';
  const { instances, maxPerUser, poolScope } = context.options;
  const perInstance = Math.min(poolScope === 'cluster' ? Math.floor(maxPerUser / instances) : maxPerUser, 3);
  if (perInstance === 0) return ok(id, `not checked: one user may not have ${instances} streams here`);
  const others = services.reduce((sum, service) => sum + service.active_streams, 0);
  if (others > 0) return ok(id, `not checked: ${others} other ${others === 1 ? 'stream is' : 'streams are'} open`);
  const fake = { tokens: 1, ttft_ms: 600 };
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
  const why = 'least_conn balances open streams. Other streams began meanwhile, or an instance came back a moment ago.';
  return warn(id, `${answers.length} held streams: ${list.join(', ')}`, why, './weir doctor');
}
