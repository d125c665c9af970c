import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Below what the system gives to outgoing connections and to `port 0`: either may take a port of those at any time
 * before it is used. A node of a Redis cluster also listens 10,000 ports higher, which is below them too.
 */
const FIRST = 10_300;
const COUNT = 9_900;
/** So long two tests get no port twice, for the first may not listen at it yet. */
const CLAIM_MS = 300_000;

/** Only one process can make a folder, and so have the port. */
function claim(port: number): boolean {
  try {
    mkdirSync(path.join(tmpdir(), 'weir-test-ports', `${Math.floor(Date.now() / CLAIM_MS)}`, `${port}`));
    return true;
  } catch {
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** A port at which no program listens, on no address, and which no other test gets. */
export async function freePort(): Promise<number> {
  mkdirSync(path.join(tmpdir(), 'weir-test-ports', `${Math.floor(Date.now() / CLAIM_MS)}`), { recursive: true });
  for (let tries = 0; tries < COUNT; tries += 1) {
    // A test may have made Math.random a constant.
    const port = FIRST + randomInt(COUNT);
    if (claim(port) && (await isFree(port))) return port;
  }
  throw new Error(`no port is free from ${FIRST} to ${FIRST + COUNT - 1}`);
}
