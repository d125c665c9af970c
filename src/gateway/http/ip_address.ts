const BITS = 16;
const GROUPS = 8;

/** One name for one machine: IPv4 inside IPv6 is IPv4, and both loopbacks are the same. @param address a valid one */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address);
  if (groups.some((group, at) => at < 5 && group !== 0)) return address;
  if (groups[5] === 0 && groups[6] === 0 && groups[7] === 1) return '127.0.0.1';
  if (groups[5] !== 0xffff) return address;
  return groups.slice(6).flatMap(bytesOf).join('.');
}

/** The network that an IPv6 address lies in, as `2001:db8:0:7::/64`; an IPv4 address as it is. */
export function addressNetwork(address: string, prefix: number): string {
  if (!address.includes(':')) return address;
  const kept = groupsOf(address).slice(0, Math.ceil(prefix / BITS));
  const rest = prefix % BITS;
  const network = kept.map((group, at) => {
    return (rest > 0 && at === kept.length - 1 ? group & (0xffff << (BITS - rest)) : group).toString(16);
  });
  return `${network.join(':')}${kept.length < GROUPS ? '::' : ''}/${prefix}`;
}

/** The eight groups of an IPv6 address, whose end may be written as IPv4, and whose zone does not count. */
function groupsOf(address: string): number[] {
  const [bare = ''] = address.split('%', 1);
  const [head = [], tail] = bare.split('::', 2).map(written);
  if (tail === undefined) return head;
  return [...head, ...new Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

function written(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function bytesOf(group: number): number[] {
  return [group >> 8, group & 0xff];
}
