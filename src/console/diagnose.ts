import { type Area, type Check, doctorContext } from '../stack/doctor/check.ts';
import { providersFinding } from '../stack/doctor/provider_checks.ts';
import { runDoctor } from '../stack/doctor/run_doctor.ts';
import type { ConsoleConfig } from './console_config.ts';
import { type ApiProbe, probeApi } from './probe_api.ts';

/** One thing that was looked at. */
export interface Finding {
  id: string;
  status: 'ok' | 'warn' | 'fail';
  what: string;
  why: string;
  /** A command or an action; empty where nothing is wrong. */
  fix: string;
  /** The part of the path that it is about. */
  area: Area;
}

/** A page that asks again and again must not make the doctor hold streams again and again. */
const STREAMS_EVERY_MS = 15_000;

/** How this console finds out what is wrong: with the doctor beside a native stack, else with a probe of the API. */
export function diagnosis(config: ConsoleConfig): () => Promise<Finding[]> {
  const { apiBaseUrl, connectTo, doctorPlace, instanceUrls } = config;
  if (!doctorPlace) {
    const expected = [...(instanceUrls?.keys() ?? [])];
    return async () => diagnose(await probeApi(apiBaseUrl, connectTo), new Date(), expected);
  }
  let streamed = { at: Number.NEGATIVE_INFINITY, findings: [] as Finding[] };
  return async () => {
    const opensStreams = performance.now() - streamed.at > STREAMS_EVERY_MS;
    const checks = await runDoctor(doctorContext(doctorPlace), { opensStreams });
    const findings = checks.map(findingOf);
    const isAboutStreams = ({ id }: Finding) => id === 'unbuffered' || id === 'balance';
    if (opensStreams) streamed = { at: performance.now(), findings: findings.filter(isAboutStreams) };
    return opensStreams ? findings : [...findings, ...streamed.findings];
  };
}

/** A check of the doctor's. */
function findingOf({ result, ...check }: Check): Finding {
  return { status: result, ...check };
}

/** Certificates nearer to their end than this are worth a warning. */
const EXPIRY_WARNING_MS = 7 * 24 * 3600_000;

/**
 * Says in words what a probe found, worst cause first in the path: a finding that makes the later ones unknowable is
 * the last of the list.
 *
 * @param expected names of the instances that there should be; none where that is not known
 */
export function diagnose(probe: ApiProbe, now: Date, expected: readonly string[] = []): Finding[] {
  const origin = new URL(probe.url).origin;
  if (probe.failure) return [unreachable(probe.failure, origin)];
  const findings = [ok('reach', `${origin} answers.`)];
  if (probe.certificate) findings.push(certificate(probe.certificate, origin, now));
  findings.push(balancer(probe.via, origin));
  findings.push(instances(probe, expected));
  if (probe.cluster) findings.push(findingOf(providersFinding(probe.cluster)));
  if (probe.health) findings.push(redis(probe.health.redis));
  return findings;
}

function unreachable(failure: NonNullable<ApiProbe['failure']>, origin: string): Finding {
  if (failure === 'refused') {
    return fail('reach', `Nothing listens at ${origin}.`, 'NGINX is not running.', './weir start --all');
  }
  if (failure === 'timeout') {
    const why = 'NGINX, or what holds its port, takes connections but does not answer.';
    return fail('reach', `${origin} does not answer in time.`, why, './weir doctor');
  }
  if (failure === 'not_tls') {
    const why = 'Another program holds the port, or NGINX has no certificate.';
    return fail('certificate', `${origin} does not speak TLS.`, why, './weir doctor');
  }
  return fail('reach', `${origin} can't be reached.`, `The connection failed (${failure.code}).`, './weir doctor');
}

function certificate(found: NonNullable<ApiProbe['certificate']>, origin: string, now: Date): Finding {
  const id = 'certificate';
  if (now > found.validTo) {
    const since = found.validTo.toISOString().slice(0, 10);
    return fail(id, `The certificate of ${origin} ended on ${since}.`, 'It is past its date.', './weir certs renew');
  }
  if (now < found.validFrom) {
    return fail(id, `The certificate of ${origin} is not valid yet.`, 'Is the clock right?', './weir certs renew');
  }
  if (!found.matchesHost) {
    const why = `It was made for ${found.names}.`;
    return fail(id, `The certificate of ${origin} is for another name.`, why, './weir certs renew');
  }
  if (!found.publiclyTrusted) {
    const why = 'Weir signed it with an authority of its own, which browsers do not know.';
    return warn(
      id,
      `Browsers ask before they trust ${origin}.`,
      why,
      `Open ${origin} once and accept the certificate.`,
    );
  }
  if (found.validTo.getTime() - now.getTime() < EXPIRY_WARNING_MS) {
    return warn(id, `The certificate of ${origin} ends within a week.`, 'It was not renewed.', './weir certs renew');
  }
  return ok(id, `The certificate of ${origin} is valid.`);
}

function balancer(via: string | null, origin: string): Finding {
  if (via !== null) return ok('balancer', `Requests to ${origin} go through NGINX.`);
  const why = 'Its answers carry no X-Gateway-Via: the address is that of one instance.';
  return warn(
    'balancer',
    `${origin} is not the balancer.`,
    why,
    'Start the console with the address of NGINX in API_BASE_URL.',
  );
}

function instances({ status, health, cluster }: ApiProbe, expected: readonly string[]): Finding {
  const id = 'instances';
  if (health && status === 200) {
    const missing = expected.filter((name) => cluster && !cluster.instances.some((other) => other.id === name));
    if (missing.length > 0) {
      const does = missing.length === 1 ? 'does' : 'do';
      const what = `${missing.join(', ')} of ${expected.length} instances ${does} not answer.`;
      const why = 'The others carry its share. Without Redis no instance knows of the others.';
      return warn(id, what, why, `./weir restart ${missing[0]}`);
    }
    const word = health.status;
    if (word === 'healthy') return ok(id, `An instance answers (${health.instance}): ${word}.`);
    return warn(id, `The instance ${health.instance} is ${word}.`, 'Its pool or its Redis says so.', './weir status');
  }
  if (status === 502 || status === 504) {
    const why = `NGINX answered ${status}: it reaches no instance.`;
    return fail(id, 'NGINX runs, but no instance answers.', why, './weir status');
  }
  if (status === 503) return fail(id, 'No instance takes requests.', 'They start, or they drain.', './weir status');
  const why = `The health check got status ${status}.`;
  return fail(id, 'The address answers, but not as Weir does.', why, './weir doctor');
}

function redis(state: string): Finding {
  if (state === 'connected') return ok('redis', 'Redis is connected.');
  if (state === 'disabled') return ok('redis', 'Redis is switched off; each instance keeps to itself.');
  const why = 'The instances lost it; limits hold per instance, the cluster view is partial.';
  return warn('redis', 'Redis is disconnected.', why, './weir logs redis');
}

const AREAS = {
  reach: 'nginx',
  certificate: 'nginx',
  balancer: 'page',
  instances: 'instances',
  redis: 'redis',
} as const satisfies Record<string, Area>;
type ProbeId = keyof typeof AREAS;

const ok = (id: ProbeId, what: string): Finding => ({ id, status: 'ok', what, why: '', fix: '', area: AREAS[id] });
const warn = (id: ProbeId, what: string, why: string, fix: string): Finding => {
  return { id, status: 'warn', what, why, fix, area: AREAS[id] };
};
const fail = (id: ProbeId, what: string, why: string, fix: string): Finding => {
  return { id, status: 'fail', what, why, fix, area: AREAS[id] };
};
