import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ZodType } from 'zod';
import {
  type ClusterView,
  clusterViewSchema,
  type HealthView,
  healthViewSchema,
} from '../formats/cluster/cluster_view.ts';

const TIMEOUT_MS = 3000;
const MAX_BODY_BYTES = 512 * 1024;

/** Result of one request to the API. */
interface Asked {
  /** Why there was no response; the other fields are then empty. */
  failure: 'refused' | 'timeout' | 'not_tls' | { code: string } | null;
  /** null over plain HTTP. */
  certificate: {
    validFrom: Date;
    validTo: Date;
    matchesHost: boolean;
    names: string;
    /** Signed by an authority that Node.js knows; browsers know nearly the same ones. */
    publiclyTrusted: boolean;
  } | null;
  /** 0 without a response. */
  status: number;
  via: string | null;
  body: string;
}

/** Results of the requests to the API's health and cluster view. */
export interface ApiProbe extends Omit<Asked, 'body'> {
  url: string;
  health: HealthView | null;
  /** null if the API did not return it. */
  cluster: ClusterView | null;
}

/**
 * Requests `<apiBaseUrl>/health`, then `<apiBaseUrl>/cluster`. Accepts any certificate, to check what is behind it.
 * Never rejects.
 *
 * @param connectTo `host:port` to connect to instead; the request and the certificate's check keep the URL's name
 */
export async function probeApi(
  apiBaseUrl: string,
  connectTo?: string,
  timeoutMs: number = TIMEOUT_MS,
): Promise<ApiProbe> {
  const url = new URL(`${apiBaseUrl}/health`);
  const { body, ...asked } = await ask(url, connectTo, timeoutMs);
  const health = parsed(healthViewSchema, body);
  const view = health ? await ask(new URL(`${apiBaseUrl}/cluster`), connectTo, timeoutMs) : undefined;
  return { ...asked, url: url.href, health, cluster: view ? parsed(clusterViewSchema, view.body) : null };
}

function ask(url: URL, connectTo: string | undefined, timeoutMs: number): Promise<Asked> {
  const empty: Asked = { failure: null, certificate: null, status: 0, via: null, body: '' };
  return new Promise((resolve) => {
    const fail = (failure: Asked['failure']) => resolve({ ...empty, failure });
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    // A resumed TLS session has no certificate, so each probe opens a new connection.
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
      // 'close' is emitted in every case; if the body breaks off, the head is enough.
      response.on('close', () => {
        const status = response.statusCode ?? 0;
        resolve({ ...empty, certificate, status, via: via?.toString() ?? null, body });
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
  // TLS does not allow an IP address as server name.
  const servername = isIP(url.hostname) || url.hostname.startsWith('[') ? '' : url.hostname;
  return { hostname, port, servername, headers: { host: url.host } };
}

function failureOf(code: string): Asked['failure'] {
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  return code === 'EPROTO' || code.startsWith('ERR_SSL') ? 'not_tls' : { code };
}

function readCertificate(socket: TLSSocket, url: URL): Asked['certificate'] {
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

function parsed<T>(schema: ZodType<T>, body: string): T | null {
  try {
    return schema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}
