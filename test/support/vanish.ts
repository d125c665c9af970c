import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/** SOL_SOCKET, SO_ATTACH_FILTER, and a filter of one instruction: take no byte of any packet. */
const TAKE_NOTHING = `
open(my $socket, "+<&=", 3) or die $!;
my $instruction = pack("SCCL", 6, 0, 0, 0);
setsockopt($socket, 1, 26, pack("S x!8 P", 1, $instruction)) or die $!;
`;

/**
 * Makes the machine behind a TCP connection vanish: whatever comes for it is dropped before it is acknowledged, and
 * no side sends a word. The kernel filters for the process that has the socket, here for a process that inherits it.
 */
export async function vanish(socket: Socket): Promise<void> {
  const child = spawn('perl', ['-e', TAKE_NOTHING], { stdio: ['ignore', 'inherit', 'inherit', socket] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the filter was not set: perl ended with ${code}`);
}
