import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { identifyBy } from '../../../src/gateway/http/identity.ts';

function request(peer: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage;
}

describe('identity', () => {
  const plain = identifyBy({ TRUSTED_PROXIES: [] });

  it('is the address that NGINX saw, behind a Unix socket', () => {
    expect(plain(request(undefined, { 'x-real-ip': '127.0.0.2' }))).toBe('127.0.0.2');
    expect(plain(request(undefined, { 'x-real-ip': '::1' }))).toBe('127.0.0.1');
    expect(plain(request(undefined, { 'x-real-ip': 'me, honestly' }))).toBe('127.0.0.1');
  });

  it('is the peer itself where nobody in between is trusted', () => {
    expect(plain(request('10.0.0.9', { 'x-real-ip': '1.2.3.4' }))).toBe('10.0.0.9');
    expect(plain(request('::ffff:127.0.0.1'))).toBe('127.0.0.1');
    expect(plain(request('::1'))).toBe('127.0.0.1');
  });

  it('believes the proxies that are named', () => {
    const trusting = identifyBy({ TRUSTED_PROXIES: ['10.0.0.0/8', '::1'] });
    expect(trusting(request('10.1.2.3', { 'x-real-ip': '1.2.3.4' }))).toBe('1.2.3.4');
    expect(trusting(request('::ffff:10.1.2.3', { 'x-real-ip': '1.2.3.4' }))).toBe('1.2.3.4');
    expect(trusting(request('11.0.0.1', { 'x-real-ip': '1.2.3.4' }))).toBe('11.0.0.1');
  });

  it('is a header only where the deployment says so', () => {
    expect(plain(request('10.0.0.9', { 'x-user': 'ada' }))).toBe('10.0.0.9');
    const named = identifyBy({ IDENTITY_HEADER: 'x-user', TRUSTED_PROXIES: [] });
    expect(named(request('10.0.0.9', { 'x-user': 'ada' }))).toBe('ada');
    expect(named(request('10.0.0.9'))).toBe('10.0.0.9');
  });
});
