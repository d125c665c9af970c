import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { runCommand } from '../../src/stack/machine/run_command.ts';
import { canListenForNginx, nginxCommand } from '../../src/stack/nginx/nginx_program.ts';
import { freePort } from '../support/free_port.ts';

/** In NGINX's place: says of each socket that it got where it listens, its limit, and whether accept() waits. */
const HEIR = `
use Fcntl; use Socket qw(:all);
for (split /;/, $ENV{NGINX} // "") {
  open(my $socket, "+<&=", $_) or die $!;
  my ($error, $host, $port) = getnameinfo(getsockname($socket), NI_NUMERICHOST | NI_NUMERICSERV);
  my ($limit, $listens) = map { unpack("i", getsockopt($socket, $_->[0], $_->[1])) }
    [IPPROTO_TCP, TCP_USER_TIMEOUT], [SOL_SOCKET, SO_ACCEPTCONN];
  my $waits = fcntl($socket, F_GETFL, 0) & O_NONBLOCK ? "at once" : "waits";
  print "$host $port $limit $listens $waits\\n";
}
print "heir @ARGV\\n";
`;

async function start(listen: string[]): Promise<string[]> {
  const { command, args } = nginxCommand({ command: 'perl', args: ['-e', HEIR, 'its', 'words'] }, listen, 'perl');
  const { code, output } = await runCommand(command, args);
  expect(code).toBe(0);
  return output.trim().split('\n');
}

it('NGINX gets every address that it listens on, with a limit for what is not acknowledged', async () => {
  const ports = await Promise.all(Array.from({ length: 4 }, freePort));
  const [a, b, c, d] = ports;
  expect(await start([`127.0.0.1:${a}`, `[::1]:${b}`, `${c}`, `[::]:${c}`, `127.0.0.2:${d}`])).toEqual([
    `127.0.0.1 ${a} 30000 1 at once`,
    `::1 ${b} 30000 1 at once`,
    // Both families at one port: each socket has its own.
    `0.0.0.0 ${c} 30000 1 at once`,
    `:: ${c} 30000 1 at once`,
    `127.0.0.2 ${d} 30000 1 at once`,
    'heir its words',
  ]);
});

it('an address that another program has is left to NGINX, which says so better', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const free = await freePort();
  expect(await start([`127.0.0.1:${port}`, `127.0.0.1:${free}`])).toEqual([
    expect.stringContaining(`127.0.0.1:${port} is left to NGINX (Address already in use)`),
    `127.0.0.1 ${free} 30000 1 at once`,
    'heir its words',
  ]);
  server.close();
});

it('without a Perl that can do it NGINX is started as it is', async () => {
  expect(await canListenForNginx('perl')).toBe(true);
  expect(await canListenForNginx('/nowhere/perl')).toBe(false);
  const nginx = { command: 'nginx', args: ['-c', 'nginx.conf'] };
  expect(nginxCommand(nginx, ['127.0.0.1:443'], undefined)).toEqual(nginx);
});
