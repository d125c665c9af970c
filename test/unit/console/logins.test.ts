import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { LINK_SECONDS, Logins, SESSION_SECONDS } from '../../../src/console/logins.ts';
import { addressKey, findOwner } from '../../../src/console/socket_owner.ts';
import { consoleToken } from '../../../src/stack/keys/console_token.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-logins-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('a code lets in once, and not after its time; a session ends with its own', () => {
  let now = 0;
  const logins = new Logins(undefined, () => now);
  const code = logins.newCode();
  const session = logins.enter(code)!;
  expect([logins.holds(session), logins.enter(code), logins.enter('x'), logins.holds(code)]).toEqual([
    true,
    undefined,
    undefined,
    false,
  ]);
  const late = logins.newCode();
  now = LINK_SECONDS * 1000;
  expect(logins.enter(late)).toBeUndefined();
  now = SESSION_SECONDS * 1000 - 1;
  expect(logins.holds(session)).toBe(true);
  now += 1;
  expect(logins.holds(session)).toBe(false);
});

it('sessions outlive the process, in a file that only this account can read and that holds hashes', () => {
  const file = join(folder, 'sessions.json');
  const before = new Logins(file);
  const session = before.enter(before.newCode())!;
  expect(new Logins(file).holds(session)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).not.toContain(session);
  writeFileSync(file, '{"sessions":[null,["a"],["b",1]]}');
  expect(new Logins(file).holds(session)).toBe(false);
});

it('however many links are asked for, a hundred are kept', () => {
  const logins = new Logins(undefined);
  const codes = Array.from({ length: 101 }, () => logins.newCode());
  expect(codes.map((code) => logins.enter(code) !== undefined).indexOf(true)).toBe(1);
});

it('the token is kept over a restart while only this account could read it', () => {
  const file = join(folder, 'console.token');
  const { token } = consoleToken(undefined, file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(consoleToken(undefined, file)).toEqual({ token, isShared: true });
  rmSync(file);
  writeFileSync(file, `${token}\n`, { mode: 0o644 });
  expect(consoleToken(undefined, file).token).not.toBe(token);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(consoleToken(undefined, join(folder, 'nowhere/token')).isShared).toBe(false);
});

const row = (local: string, remote: string, state: string, uid: number, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0`;
const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const v4 = [`${addressKey('127.0.0.1')}:40000`, `${addressKey('127.0.0.1')}:3001`] as const;

it('the owner of the other end is read from the kernel’s table, in either order of bytes', () => {
  const own = row('0100007F:0BB9', '0100007F:9C40', '01', 7, 11);
  const table = [HEAD, own, row('0100007F:9C40', '0100007F:0BB9', '01', 1000, 12), ''].join('\n');
  expect(findOwner(table, ...v4, 'LE')).toBe(1000);
  expect(findOwner(table.replaceAll('0100007F', '7F000001'), ...v4, 'BE')).toBe(1000);
  const six = '00000000000000000000000001000000';
  const loopback = [`${addressKey('::1')}:40000`, `${addressKey('::1')}:3001`] as const;
  expect(findOwner(`${HEAD}\n${row(`${six}:9C40`, `${six}:0BB9`, '01', 33, 5)}`, ...loopback, 'LE')).toBe(33);
  const mapped = '0000000000000000FFFF00000100007F';
  expect(findOwner(`${HEAD}\n${row(`${mapped}:9C40`, `${mapped}:0BB9`, '01', 34, 5)}`, ...v4, 'LE')).toBe(34);
  expect(addressKey('::ffff:127.0.0.1')).toBe(addressKey('127.0.0.1'));
});

it('a socket that its process closed is shown as root’s, and counts as having no owner', () => {
  for (const [state, inode] of [
    ['05', 0],
    ['01', 0],
    ['08', 12],
  ] as const) {
    expect(
      findOwner(`${HEAD}\n${row('0100007F:9C40', '0100007F:0BB9', state, 0, inode)}`, ...v4, 'LE'),
    ).toBeUndefined();
  }
});
