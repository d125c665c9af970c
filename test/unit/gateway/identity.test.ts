import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { identifyBy } from '../../../src/gateway/http/identity.ts';

function request(peer: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage;
}

const NONE = { SOCKET: undefined, IDENTITY_HEADER: undefined, TRUSTED_PROXIES: [], IPV6_PREFIX: 64 };

describe('identity', () => {
  const onPort = identifyBy(NONE);
  const onSocket = identifyBy({ ...NONE, SOCKET: '/run/app-1.sock' });

  it('is the address that NGINX saw, behind a Unix socket', () => {
    expect(onSocket(request(undefined, { 'x-real-ip': '127.0.0.2' }))).toBe('127.0.0.2');
    expect(onSocket(request(undefined, { 'x-real-ip': '::1' }))).toBe('127.0.0.1');
    expect(onSocket(request(undefined, { 'x-real-ip': 'me, honestly' }))).toBe('127.0.0.1');
  });

  it('is the peer itself where no proxy is trusted', () => {
    expect(onPort(request('10.0.0.9', { 'x-real-ip': '1.2.3.4' }))).toBe('10.0.0.9');
    expect(onPort(request('::ffff:127.0.0.1'))).toBe('127.0.0.1');
    expect(onPort(request('::1'))).toBe('127.0.0.1');
  });

  it('can not be chosen by a client that resets a connection to a port, whose address is then not known', () => {
    expect(onPort(request(undefined, { 'x-real-ip': '1.2.3.4' }))).toBe('unknown');
    const trusting = identifyBy({ ...NONE, TRUSTED_PROXIES: ['0.0.0.0/0', '::/0'] });
    expect(trusting(request(undefined, { 'x-real-ip': '1.2.3.4' }))).toBe('unknown');
  });

  it('believes the proxies that are named', () => {
    const trusting = identifyBy({ ...NONE, TRUSTED_PROXIES: ['10.0.0.0/8', '::1'] });
    expect(trusting(request('10.1.2.3', { 'x-real-ip': '1.2.3.4' }))).toBe('1.2.3.4');
    expect(trusting(request('::ffff:10.1.2.3', { 'x-real-ip': '1.2.3.4' }))).toBe('1.2.3.4');
    expect(trusting(request('11.0.0.1', { 'x-real-ip': '1.2.3.4' }))).toBe('11.0.0.1');
  });

  it('is a header only where the deployment says so', () => {
    expect(onPort(request('10.0.0.9', { 'x-user': 'ada' }))).toBe('10.0.0.9');
    const named = identifyBy({ ...NONE, IDENTITY_HEADER: 'x-user' });
    expect(named(request('10.0.0.9', { 'x-user': 'ada' }))).toBe('ada');
    expect(named(request('10.0.0.9'))).toBe('10.0.0.9');
  });

  it.each([
    ['2001:db8:0:7:1:2:3:4', 64, '2001:db8:0:7::/64'],
    ['2001:DB8:0:7::ffff', 64, '2001:db8:0:7::/64'],
    ['2001:db8::7', 64, '2001:db8:0:0::/64'],
    ['2001:db8::1:0:0:10.1.2.3', 128, '2001:db8:0:1:0:0:a01:203/128'],
    ['2001:db8:0:77ff::1', 56, '2001:db8:0:7700::/56'],
    ['2001:db8:ffff::1', 33, '2001:db8:8000::/33'],
    ['fe80::1%eth0', 64, 'fe80:0:0:0::/64'],
    ['::ffff:a01:203', 64, '10.1.2.3'],
    ['::ffff:10.1.2.3', 64, '10.1.2.3'],
    ['0:0:0:0:0:0:0:1', 64, '127.0.0.1'],
  ])('of %s, with a prefix of %i, is %s', (address, IPV6_PREFIX, user) => {
    expect(identifyBy({ ...NONE, IPV6_PREFIX })(request(address))).toBe(user);
    expect(identifyBy({ ...NONE, IPV6_PREFIX, SOCKET: 's' })(request(undefined, { 'x-real-ip': address }))).toBe(user);
  });
});
