import { styleText } from 'node:util';
import { ensureCertificates, renewCertificates } from '../stack/certificates/ensure_certificates.ts';
import { inspectCertificate } from '../stack/certificates/inspect_certificate.ts';
import {
  type TrustResult,
  trustAuthority,
  trustedWhere,
  untrustAuthority,
} from '../stack/certificates/trust_authority.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';
import { layoutOf } from './stack_access.ts';

const WORDS = { true: 'yes', false: 'no', undefined: 'unknown (certutil is missing)' };

/** Lines for `show`: which programs trust the authority. */
async function trustLines(environment: Environment): Promise<[string, string][]> {
  try {
    const places = await trustedWhere(layoutOf(environment).certificates, environment);
    return places.map(({ readers, place, trusted }) => ['trusted', `${WORDS[`${trusted}`]}: ${readers} (${place})`]);
  } catch {
    return [];
  }
}

async function show(environment: Environment): Promise<number> {
  const files = layoutOf(environment).certificates;
  const report = inspectCertificate(files);
  const lines = [
    ['certificate', files.certificate],
    ['key', files.key],
    ['authority', files.authority],
    ['names', report.names],
    ['valid', report.validFrom && `${report.validFrom} to ${report.validTo} (${report.daysLeft} days left)`],
    ['fingerprint', report.fingerprint],
    ['made by', report.isOurs ? undefined : 'another tool; Weir does not change it'],
    ['state', report.problem ?? 'good'],
    ...(await trustLines(environment)),
  ];
  print(lines.flatMap(([name, value]) => (value ? `${name!.padEnd(12)} ${value}` : [])).join('\n'));
  if (report.problem !== undefined && report.isOurs) say('renew it with ./weir certs renew, then ./weir restart nginx');
  return report.problem === undefined ? 0 : 1;
}

/** A line for each store; 1 when one could not be changed. */
function report(results: TrustResult[], unchanged: string): number {
  for (const { readers, place, done, problem } of results) {
    const colour = done === 'failed' ? 'red' : 'green';
    const word = styleText(colour, (done === 'unchanged' ? unchanged : done).padEnd(9), { stream: process.stdout });
    print(`${word}  ${readers.padEnd(8)}  ${place}${problem === undefined ? '' : `\n      ${problem}`}`);
  }
  return results.some(({ done }) => done === 'failed') ? 1 : 0;
}

async function trust(environment: Environment): Promise<number> {
  const files = layoutOf(environment).certificates;
  const made = await ensureCertificates(files);
  if (made !== undefined) say(made);
  const results = await trustAuthority(files, environment);
  if (results.length === 0) {
    say(`Weir knows no certificate store of this system; import ${files.authority} into the store of your programs`);
    return 1;
  }
  const code = report(results, 'was there');
  if (results.some(({ done }) => done === 'added')) {
    say('the authority is valid for localhost, 127.0.0.1 and ::1 only; restart browsers that are running');
  }
  return code;
}

async function untrust(environment: Environment): Promise<number> {
  const results = await untrustAuthority(layoutOf(environment).certificates, environment);
  if (results.length === 0) say('nothing to undo: ./weir certs trust has not added the authority anywhere');
  return report(results, 'was gone');
}

/** `certs show|renew|trust|untrust`. Returns the exit code. */
export async function certsCommand(
  action: 'show' | 'renew' | 'trust' | 'untrust',
  environment: Environment,
): Promise<number> {
  if (action === 'trust') return trust(environment);
  if (action === 'untrust') return untrust(environment);
  if (action === 'renew') {
    await renewCertificates(layoutOf(environment).certificates);
    say('renewed; run ./weir restart nginx to use it in a running NGINX');
  }
  return show(environment);
}
