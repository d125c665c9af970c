import { existsSync } from 'node:fs';
import { connect } from 'node:tls';
import { inspectCertificate } from '../certificates/inspect_certificate.ts';
import { trustedWhere } from '../certificates/trust_authority.ts';
import { urlHost } from '../stack_addresses.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, warn } from './check.ts';

const RENEW = './weir certs renew && ./weir restart nginx';

/** The guide's fourth pitfall: the certificate's files. */
export function checkCertificate({ layout }: DoctorContext, { services }: Situation): Check {
  const id = 'certificate';
  const { certificates } = layout;
  const { problem, isOurs, isServable, daysLeft = 0 } = inspectCertificate(certificates);
  if (problem === undefined) return ok(id, `for localhost, valid for ${daysLeft} more days`);
  const why = 'NGINX shows "cannot load certificate", the browser ERR_SSL_PROTOCOL_ERROR or a warning.';
  const restart = services.some(({ name }) => name === 'nginx') ? ' && ./weir restart nginx' : '';
  if (isOurs) return fail(id, `the certificate must be renewed: ${problem}`, why, `./weir certs renew${restart}`);
  const what = `your own certificate is unusual: ${problem}`;
  const fix = `put a valid one at ${certificates.certificate}, or move it and its key away and run ./weir certs renew${restart}`;
  if (!isServable || daysLeft < 0) return fail(id, what, why, fix);
  return warn(id, what, 'Clients that check its names and dates may refuse it, now or soon.', fix);
}

/** The fingerprint of the certificate that NGINX presents, or the error. */
function presentedCertificate({ options }: DoctorContext): Promise<string | Error> {
  const host = urlHost(options.bind).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: options.httpsPort, servername: 'localhost', rejectUnauthorized: false });
    const end = (result: string | Error) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(2000, () => end(new Error('no answer in time')));
    socket.once('error', end);
    socket.once('secureConnect', () => end(socket.getPeerX509Certificate()?.fingerprint256 ?? 'none'));
  });
}

/** Whether NGINX presents the certificate in the files, and whether the machine and its browsers trust it. */
export async function checkTrust(context: DoctorContext): Promise<Check> {
  const id = 'certificate_trust';
  const { certificates } = context.layout;
  const { isOurs, fingerprint } = inspectCertificate(certificates);
  const presented = await presentedCertificate(context);
  if (presented !== fingerprint) {
    const reason = presented instanceof Error ? presented.message : `its fingerprint begins ${presented.slice(0, 11)}`;
    const why = 'NGINX keeps the certificate that it was started with.';
    return fail(id, `NGINX presents another certificate (${reason})`, why, './weir restart nginx');
  }
  // Weir does not know where an authority of the operator's own is trusted.
  if (!isOurs) return ok(id, 'NGINX presents your own certificate');
  if (!existsSync(certificates.authority)) {
    const why = 'Without the authority no program can trust the certificate.';
    return warn(id, `there is no authority at ${certificates.authority}`, why, RENEW);
  }
  const places = await trustedWhere(certificates, context);
  const missing = places.filter(({ trusted }) => trusted === false).map(({ readers }) => readers);
  if (missing.length === 0 && places.length > 0) return ok(id, 'trusted by this machine and its browsers');
  const why = 'Its authority is known on this machine only, so browsers warn and curl needs -k.';
  const who = [...new Set(missing)].map((readers) => (readers === 'system' ? 'this machine' : readers)).join(' and ');
  if (missing.length > 0) return warn(id, `the certificate is not trusted yet by ${who}`, why, './weir certs trust');
  return warn(
    id,
    'no known program trusts the certificate yet',
    why,
    `import ${certificates.authority} into the store of your programs`,
  );
}
