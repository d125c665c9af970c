import { readFile } from 'node:fs/promises';
import { isIPv4, type Socket } from 'node:net';
import { endianness } from 'node:os';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** State of an open socket. The kernel lists a closed one under root. */
const ESTABLISHED = '01';
/** The kernel's id for accounts that do not exist in this namespace. */
const OVERFLOW_UID = 65534;

const known = new WeakMap<Socket, boolean>();

/**
 * Whether the other end of a TCP connection is a process of this account on this machine. Only Linux can say; elsewhere,
 * and behind a proxy, the result is false.
 */
export async function isOwnAccount(socket: Socket): Promise<boolean> {
  const before = known.get(socket);
  if (before !== undefined) return before;
  const uid = process.getuid?.();
  const owner = await ownerOfPeer(socket);
  const isOwn = owner !== undefined && owner === uid && uid !== OVERFLOW_UID;
  known.set(socket, isOwn);
  return isOwn;
}

async function ownerOfPeer(socket: Socket): Promise<number | undefined> {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  const ends = [`${addressKey(remoteAddress)}:${remotePort}`, `${addressKey(localAddress)}:${localPort}`] as const;
  for (const table of TABLES) {
    const owner = findOwner(await readFile(table, 'latin1').catch(() => ''), ends[0], ends[1]);
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/**
 * The account of the open socket from `local` to `remote` in a table of the kernel; undefined if there is none.
 *
 * @param local address as {@link addressKey} writes it, a colon, and the port
 */
export function findOwner(table: string, local: string, remote: string, order = endianness()): number | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [, from, to, state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED || from === undefined || to === undefined || inode === '0') continue;
    if (endKey(from, order) === local && endKey(to, order) === remote) return Number(uid);
  }
  return undefined;
}

/** `0100007F:0BB9` as `7f000001:3001`. The kernel writes words of 32 bits in the machine's byte order. */
function endKey(end: string, order: 'LE' | 'BE'): string {
  const [address = '', port = ''] = end.split(':');
  const bytes = Buffer.from(address, 'hex');
  return `${unmapped(order === 'LE' ? bytes.swap32() : bytes)}:${Number.parseInt(port, 16)}`;
}

/** An address as hex; an IPv4 address mapped to IPv6 becomes the IPv4 address. */
export function addressKey(address: string): string {
  const plain = address.split('%', 1)[0] ?? '';
  const mapped = /^::ffff:(?=\d+\.)/i.exec(plain) ? plain.slice(7) : plain;
  if (isIPv4(mapped)) return Buffer.from(mapped.split('.').map(Number)).toString('hex');
  const [head = '', tail] = mapped.split('::');
  const words = (part: string | undefined) => (part ? part.split(':').map((word) => word.padStart(4, '0')) : []);
  const [before, after] = [words(head), words(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0000');
  return [...before, ...(tail === undefined ? [] : zeros), ...after].join('').toLowerCase();
}

function unmapped(address: Buffer): string {
  const text = address.toString('hex');
  return text.length === 32 && text.startsWith('00000000000000000000ffff') ? text.slice(24) : text;
}
