import type { Finding } from '../api.ts';
import { capitalised } from './doctorGroups.ts';

export interface Explanation {
  title: string;
  why: string;
  steps: { text: string; command: string }[];
  /** Whether opening the API's address in a tab may be what is missing. */
  offerCertificate: boolean;
}

interface Failure {
  /** Status of the answer; null where the browser gave none, nor any reason. */
  status: number | null;
  /** Of the API. */
  origin: string;
  sameOrigin: boolean;
}

const STATUS_STEP = { text: 'See what runs:', command: './weir status' };
const DOCTOR_STEP = { text: 'Let Weir find the cause:', command: './weir doctor' };

/**
 * Puts what the browser knows (nearly nothing) and what the console found into words.
 *
 * @param findings the console's; `pending` while it looks, null where no console answers
 */
export function explainUnreachable(failure: Failure, findings: Finding[] | 'pending' | null): Explanation {
  const { origin } = failure;
  const steps = [STATUS_STEP, DOCTOR_STEP];
  if (findings === 'pending') {
    return { title: `No answer from ${origin}`, why: 'Looking for the reason…', steps, offerCertificate: false };
  }
  if (findings === null) return withoutConsole(failure, steps);
  const failed = findings.find(({ status }) => status === 'fail');
  if (failed) {
    const fix = failed.fix && { text: 'Mend it:', command: failed.fix };
    const others = steps.filter(({ command }) => command !== failed.fix);
    const offerCertificate = failed.id === 'certificate' && !failure.sameOrigin;
    return {
      title: capitalised(failed.what),
      why: failed.why,
      steps: fix ? [fix, ...others] : others,
      offerCertificate,
    };
  }
  const certificate = findings.find(({ id, status }) => id.startsWith('certificate') && status === 'warn');
  if (certificate && !failure.sameOrigin) {
    const why = `The stack itself answers. ${certificate.why} Until it is accepted, requests of this page fail.`;
    const { fix } = certificate;
    const trust = fix.startsWith('./weir') ? [{ text: 'Or let this machine trust it, for good:', command: fix }] : [];
    return {
      title: `This browser does not trust the certificate of ${origin} yet`,
      why,
      steps: [...trust, ...steps],
      offerCertificate: true,
    };
  }
  if (failure.status !== null) return withStatus(failure.status, failure, steps);
  const why = `The stack answers ${failure.sameOrigin ? 'the console' : 'others'}, but not this page: a proxy or an
    extension may be in between, or its origin is not in CORS_ORIGINS.`;
  return { title: `This browser gets no answer from ${origin}`, why, steps, offerCertificate: false };
}

function withoutConsole(failure: Failure, steps: Explanation['steps']): Explanation {
  if (failure.status !== null) return withStatus(failure.status, failure, steps);
  const start = { text: 'Start the stack:', command: './weir start --all' };
  const why = failure.sameOrigin
    ? 'NGINX stopped, or this machine lost it.'
    : 'NGINX may be stopped, or this browser does not trust its certificate yet.';
  return {
    title: `No answer from ${failure.origin}`,
    why,
    steps: [start, ...steps],
    offerCertificate: !failure.sameOrigin,
  };
}

function withStatus(status: number, { origin }: Failure, steps: Explanation['steps']): Explanation {
  const offerCertificate = false;
  if (status === 502 || status === 504) {
    const why = `NGINX answered ${status}: it reaches none of them.`;
    return { title: 'NGINX runs, but no instance answers', why, steps, offerCertificate };
  }
  if (status === 503) {
    const why = 'The instances are starting, or shutting down.';
    return { title: 'No instance takes requests at the moment', why, steps, offerCertificate };
  }
  const why = `It answered with status ${status}: is it the API's address?`;
  return { title: `${origin} does not answer as Weir does`, why, steps, offerCertificate };
}
