import { readFileSync } from 'node:fs';
import { connect, getCACertificates } from 'node:tls';
import { inspectCertificate } from '../certificates/inspect_certificate.ts';
import { trustedWhere } from '../certificates/trust_authority.ts';
import { urlHost } from '../service_specs.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, warn } from './check.ts';

/** The guide's fourth pitfall: the certificate's files. */
export function checkCertificate({ layout }: DoctorContext, { services }: Situation): Check {
  const id = 'certificate';
  const report = inspectCertificate(layout.certificates);
  if (report.problem === undefined) return ok(id, `for localhost, good for ${report.daysLeft} more days`);
  const why = 'NGINX shows "cannot load certificate", the browser ERR_SSL_PROTOCOL_ERROR or a warning.';
  const mend = services.some(({ name }) => name === 'nginx')
    ? './weir certs renew && ./weir restart nginx'
    : './weir certs renew';
  return fail(id, `the certificate has to be renewed: ${report.problem}`, why, mend);
}

function handshake(context: DoctorContext, ca: string | string[]): Promise<string | undefined> {
  const { options } = context;
  const host = urlHost(options.bind).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: options.httpsPort, servername: 'localhost', ca });
    const end = (reason: string | undefined) => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(2000, () => end('no answer in time'));
    socket.once('error', (error) => end(error.message));
    socket.once('secureConnect', () => end(undefined));
  });
}

/** Whether NGINX presents the certificate in the files, and whether the machine and its browsers trust it. */
export async function checkTrust(context: DoctorContext): Promise<Check> {
  const id = 'certificate_trust';
  const { certificates } = context.layout;
  let ca: string;
  try {
    ca = readFileSync(certificates.authority, 'utf8');
  } catch {
    // A certificate of the user's own: whoever made it knows who trusts it.
    return ok(id, 'the certificate is not of our making');
  }
  const problem = await handshake(context, ca);
  if (problem) {
    if ((await handshake(context, getCACertificates('system'))) === undefined) return ok(id, 'trusted by this machine');
    const why = 'NGINX keeps the certificate that it was started with.';
    return fail(id, `NGINX presents another certificate (${problem})`, why, './weir restart nginx');
  }
  const places = await trustedWhere(certificates, context);
  const missing = places.filter(({ trusted }) => trusted === false).map(({ readers }) => readers);
  if (missing.length === 0 && places.length > 0) return ok(id, 'trusted by this machine and its browsers');
  const why =
    'It is signed by an authority of this machine that others do not know, so browsers ask and curl wants -k.';
  const who = [...new Set(missing)].map((readers) => (readers === 'system' ? 'this machine' : readers)).join(' and ');
  if (missing.length > 0) return warn(id, `the certificate is not trusted yet by ${who}`, why, './weir certs trust');
  return warn(id, 'nothing is known to trust it yet', why, `import ${certificates.authority} where your programs look`);
}
