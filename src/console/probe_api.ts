import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type HealthView, healthViewSchema } from '../protocol/cluster_view.ts';

const TIMEOUT_MS = 3000;
const MAX_BODY_BYTES = 64 * 1024;

/** What one request to the API's health found. */
export interface ApiProbe {
  url: string;
  /** Why there was no answer; the other fields are then empty. */
  failure: 'refused' | 'timeout' | 'not_tls' | { code: string } | null;
  /** null over plain http. */
  certificate: {
    validFrom: Date;
    validTo: Date;
    matchesHost: boolean;
    names: string;
    /** Signed by an authority that Node knows; browsers know about the same ones. */
    publiclyTrusted: boolean;
  } | null;
  /** 0 without an answer. */
  status: number;
  via: string | null;
  health: HealthView | null;
}

/**
 * Asks `<apiBaseUrl>/health` once, trusting any certificate so that what is behind it can be seen too.
 * Never rejects.
 *
 * @param connectTo `host:port` to connect to instead; the request and the certificate's check keep the URL's name
 */
export function probeApi(apiBaseUrl: string, connectTo?: string, timeoutMs: number = TIMEOUT_MS): Promise<ApiProbe> {
  const url = new URL(`${apiBaseUrl}/health`);
  const empty: ApiProbe = { url: url.href, failure: null, certificate: null, status: 0, via: null, health: null };
  return new Promise((resolve) => {
    const fail = (failure: ApiProbe['failure']) => resolve({ ...empty, failure });
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    // A session that is resumed brings no certificate: each probe makes its own connection.
    const options = { agent: false, rejectUnauthorized: false, timeout: timeoutMs, ...elsewhere(url, connectTo) };
    const request = send(url, options, (response) => {
      const certificate = response.socket instanceof TLSSocket ? readCertificate(response.socket, url) : null;
      const via = response.headers['x-gateway-via'];
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > MAX_BODY_BYTES) request.destroy();
      });
      // 'close' comes in every case, also when the body breaks off: the head alone says enough then.
      response.on('close', () => {
        const status = response.statusCode ?? 0;
        resolve({ ...empty, certificate, status, via: via?.toString() ?? null, health: parseHealth(body) });
      });
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.on('error', (error: NodeJS.ErrnoException) => fail(failureOf(error.code ?? 'unknown')));
    request.end();
  });
}

function elsewhere(url: URL, connectTo: string | undefined): object {
  if (connectTo === undefined) return {};
  const [hostname, port] = connectTo.split(':');
  // An address is no server name in TLS.
  const servername = isIP(url.hostname) || url.hostname.startsWith('[') ? '' : url.hostname;
  return { hostname, port, servername, headers: { host: url.host } };
}

function failureOf(code: string): ApiProbe['failure'] {
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  return code === 'EPROTO' || code.startsWith('ERR_SSL') ? 'not_tls' : { code };
}

function readCertificate(socket: TLSSocket, url: URL): ApiProbe['certificate'] {
  const found = socket.getPeerX509Certificate();
  if (!found) return null;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const match = isIP(host) ? found.checkIP(host) : found.checkHost(host);
  return {
    validFrom: new Date(found.validFrom),
    validTo: new Date(found.validTo),
    matchesHost: match !== undefined,
    names: found.subjectAltName ?? found.subject,
    publiclyTrusted: socket.authorized,
  };
}

function parseHealth(body: string): HealthView | null {
  try {
    return healthViewSchema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}
