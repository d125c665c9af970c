import { renewCertificates } from '../stack/certificates/ensure_certificates.ts';
import { inspectCertificate } from '../stack/certificates/inspect_certificate.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';
import { layoutOf } from './stack_access.ts';

function show(environment: Environment): number {
  const files = layoutOf(environment).certificates;
  const report = inspectCertificate(files);
  const lines = [
    ['certificate', files.certificate],
    ['key', files.key],
    ['authority', files.authority],
    ['names', report.names],
    ['valid', report.validFrom && `${report.validFrom} to ${report.validTo} (${report.daysLeft} days left)`],
    ['fingerprint', report.fingerprint],
    ['state', report.problem ?? 'good'],
  ];
  print(lines.flatMap(([name, value]) => (value ? `${name!.padEnd(12)} ${value}` : [])).join('\n'));
  if (report.problem !== undefined) say(`renew it with ./weir certs renew, then ./weir restart nginx`);
  return report.problem === undefined ? 0 : 1;
}

/** `certs show|renew`. */
export async function certsCommand(action: 'show' | 'renew', environment: Environment): Promise<number> {
  if (action === 'renew') {
    await renewCertificates(layoutOf(environment).certificates);
    say('renewed; a running NGINX takes it up with ./weir restart nginx');
  }
  return show(environment);
}
