import type { Finding } from '../api.ts';
import { capitalised } from './doctorGroups.ts';

export interface Explanation {
  title: string;
  why: string;
  steps: { text: string; command: string }[];
  /** Whether opening the API's address in a tab may solve it. */
  offerCertificate: boolean;
}

interface Failure {
  /** Status of the response; null if there was none. */
  status: number | null;
  /** Origin of the API. */
  origin: string;
  sameOrigin: boolean;
}

const STATUS_STEP = { text: 'Show what is running:', command: './weir status' };
const DOCTOR_STEP = { text: 'Find the cause:', command: './weir doctor' };

/**
 * Explains why the API does not answer. Browsers hide most reasons, so the console's findings come first.
 *
 * @param findings of the console; `pending` while it checks, null if it does not answer
 */
export function explainUnreachable(failure: Failure, findings: Finding[] | 'pending' | null): Explanation {
  const { origin } = failure;
  const steps = [STATUS_STEP, DOCTOR_STEP];
  if (findings === 'pending') {
    return { title: `No answer from ${origin}`, why: 'Finding the cause…', steps, offerCertificate: false };
  }
  if (findings === null) return withoutConsole(failure, steps);
  const failed = findings.find(({ status }) => status === 'fail');
  if (failed) {
    const fix = failed.fix && { text: 'Fix:', command: failed.fix };
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
    const why = `The stack answers the console. ${certificate.why} Requests from this page fail until you accept the certificate.`;
    const { fix } = certificate;
    const trust = fix.startsWith('./weir') ? [{ text: 'Or trust it permanently on this machine:', command: fix }] : [];
    return {
      title: `This browser does not trust the certificate of ${origin} yet`,
      why,
      steps: [...trust, ...steps],
      offerCertificate: true,
    };
  }
  if (failure.status !== null) return withStatus(failure.status, failure, steps);
  const why =
    'The stack answers the console, but not this page. A proxy or a browser extension may block the requests, or CORS_ORIGINS does not list the origin of this page.';
  return { title: `This browser gets no answer from ${origin}`, why, steps, offerCertificate: false };
}

function withoutConsole(failure: Failure, steps: Explanation['steps']): Explanation {
  if (failure.status !== null) return withStatus(failure.status, failure, steps);
  const start = { text: 'Start the stack:', command: './weir start --all' };
  const why = failure.sameOrigin
    ? 'NGINX has stopped, or this machine cannot reach it.'
    : 'NGINX may have stopped, or this browser does not trust its certificate yet.';
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
    const why = `NGINX answered ${status}: it cannot reach any instance.`;
    return { title: 'NGINX runs, but no instance answers', why, steps, offerCertificate };
  }
  if (status === 503) {
    const why = 'The instances are starting or shutting down.';
    return { title: 'No instance accepts requests right now', why, steps, offerCertificate };
  }
  const why = `It answered with status ${status}. Check that this is the address of the API.`;
  return { title: `${origin} does not answer like Weir`, why, steps, offerCertificate };
}
