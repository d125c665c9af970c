import { type Area, type Check, doctorContext } from '../stack/doctor/check.ts';
import { providersFinding } from '../stack/doctor/provider_checks.ts';
import { runDoctor } from '../stack/doctor/run_doctor.ts';
import type { ConsoleConfig } from './console_config.ts';
import { type ApiProbe, probeApi } from './probe_api.ts';

/** The result of one check. */
export interface Finding {
  id: string;
  status: 'ok' | 'warn' | 'fail';
  what: string;
  why: string;
  /** A command or a sentence; empty if nothing is wrong. */
  fix: string;
  /** Part of the path that it checks. */
  area: Area;
}

/** The doctor's streams run at most this often, however often a page asks. */
const STREAMS_EVERY_MS = 15_000;

/** Checks the stack: with the doctor if the stack is native, else with a probe of the API. */
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

function findingOf({ result, ...check }: Check): Finding {
  return { status: result, ...check };
}

/** Certificates that expire within this time cause a warning. */
const EXPIRY_WARNING_MS = 7 * 24 * 3600_000;

/**
 * Explains the result of a probe, in the order of the path. A finding that hides the later ones ends the list.
 *
 * @param expected names of the instances that should be running; empty if unknown
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
    const why = 'NGINX, or another program on its port, accepts connections but does not answer.';
    return fail('reach', `${origin} does not answer in time.`, why, './weir doctor');
  }
  if (failure === 'not_tls') {
    const why = 'Another program uses the port, or NGINX has no certificate.';
    return fail('certificate', `${origin} does not speak TLS.`, why, './weir doctor');
  }
  return fail('reach', `${origin} cannot be reached.`, `The connection failed (${failure.code}).`, './weir doctor');
}

function certificate(found: NonNullable<ApiProbe['certificate']>, origin: string, now: Date): Finding {
  const id = 'certificate';
  if (now > found.validTo) {
    const since = found.validTo.toISOString().slice(0, 10);
    return fail(id, `The certificate of ${origin} expired on ${since}.`, 'Browsers reject it.', './weir certs renew');
  }
  if (now < found.validFrom) {
    return fail(
      id,
      `The certificate of ${origin} is not valid yet.`,
      'Check the clock of this machine.',
      './weir certs renew',
    );
  }
  if (!found.matchesHost) {
    const why = `It is valid for ${found.names}.`;
    return fail(id, `The certificate of ${origin} is for another name.`, why, './weir certs renew');
  }
  if (!found.publiclyTrusted) {
    const why = 'Weir signed it with its own certificate authority, which browsers do not know.';
    return warn(id, `Browsers do not trust ${origin} yet.`, why, `Open ${origin} once and accept the certificate.`);
  }
  if (found.validTo.getTime() - now.getTime() < EXPIRY_WARNING_MS) {
    return warn(id, `The certificate of ${origin} expires within a week.`, 'It was not renewed.', './weir certs renew');
  }
  return ok(id, `The certificate of ${origin} is valid.`);
}

function balancer(via: string | null, origin: string): Finding {
  if (via !== null) return ok('balancer', `Requests to ${origin} go through NGINX.`);
  const why = 'Its responses have no X-Gateway-Via header: this is the address of one instance.';
  return warn(
    'balancer',
    `${origin} is not the balancer.`,
    why,
    'Set API_BASE_URL of the console to the address of NGINX.',
  );
}

function instances({ status, health, cluster }: ApiProbe, expected: readonly string[]): Finding {
  const id = 'instances';
  if (health && status === 200) {
    const missing = expected.filter((name) => cluster && !cluster.instances.some((other) => other.id === name));
    if (missing.length > 0) {
      const does = missing.length === 1 ? 'does' : 'do';
      const what = `${missing.join(', ')} of ${expected.length} instances ${does} not answer.`;
      const why = 'The others take its requests. Without Redis, an instance does not see the others.';
      return warn(id, what, why, `./weir restart ${missing[0]}`);
    }
    const word = health.status;
    if (word === 'healthy') return ok(id, `An instance answers (${health.instance}): ${word}.`);
    return warn(
      id,
      `The instance ${health.instance} is ${word}.`,
      'Many of its slots are in use, or it has lost Redis.',
      './weir status',
    );
  }
  if (status === 502 || status === 504) {
    const why = `NGINX answered ${status}: it cannot reach any instance.`;
    return fail(id, 'NGINX runs, but no instance answers.', why, './weir status');
  }
  if (status === 503)
    return fail(id, 'No instance accepts requests.', 'The instances are starting or draining.', './weir status');
  const why = `The health check returned status ${status}.`;
  return fail(id, 'The address answers, but not like Weir.', why, './weir doctor');
}

function redis(state: string): Finding {
  if (state === 'connected') return ok('redis', 'Redis is connected.');
  if (state === 'disabled') return ok('redis', 'Redis is switched off. Each instance works on its own.');
  const why = 'The instances cannot reach it. Limits apply per instance, and the cluster view is incomplete.';
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
