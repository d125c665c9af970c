import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { inspectCertificate } from '../certificates/inspect_certificate.ts';
import { stackUrl, urlHost } from '../service_specs.ts';
import { type Check, type DoctorContext, fail, ok, warn } from './check.ts';

/** The guide's fourth pitfall: the certificate's files. */
export function checkCertificate({ layout }: DoctorContext, now = new Date()): Check {
  const id = 'certificate';
  const report = inspectCertificate(layout.certificates, now);
  if (report.problem === undefined) return ok(id, `for localhost, good for ${report.daysLeft} more days`);
  const why = 'NGINX shows "cannot load certificate", the browser ERR_SSL_PROTOCOL_ERROR or a warning.';
  return fail(
    id,
    `the certificate has to be renewed: ${report.problem}`,
    why,
    './weir certs renew, then ./weir restart',
  );
}

function handshake(context: DoctorContext, ca: string | undefined): Promise<string | undefined> {
  const { options } = context;
  const host = urlHost(options.bind).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: options.httpsPort, servername: 'localhost', ...(ca ? { ca } : {}) });
    const end = (reason: string | undefined) => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(2000, () => end('no answer in time'));
    socket.once('error', (error) => end(error.message));
    socket.once('secureConnect', () => end(undefined));
  });
}

/** Whether NGINX presents the certificate in the files, and whether this machine trusts it by itself. */
export async function checkTrust(context: DoctorContext, runs: boolean): Promise<Check> {
  const id = 'certificate_trust';
  if (!runs) return ok(id, 'NGINX is not running, so there is nothing to ask');
  const { authority } = context.layout.certificates;
  let ca: string;
  try {
    ca = readFileSync(authority, 'utf8');
  } catch {
    return warn(id, `there is no ${authority}`, 'Clients need it to trust the certificate.', './weir certs renew');
  }
  const problem = await handshake(context, ca);
  if (problem) {
    const why = 'NGINX keeps the certificate that it was started with.';
    return fail(id, `NGINX presents another certificate (${problem})`, why, './weir restart nginx');
  }
  if ((await handshake(context, undefined)) === undefined) return ok(id, 'trusted by this machine');
  const why = 'It is signed by an authority of this machine that browsers do not know, so they ask once.';
  return warn(
    id,
    'browsers do not trust the certificate yet',
    why,
    `open ${stackUrl(context.options)} once and accept, or import ${authority}`,
  );
}
