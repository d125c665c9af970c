import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** The page docs/performance.md around the tables of a run. */
export function performancePage(tables: string, command: string, streams: number, runs: number): string {
  const [cpu] = cpus();
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return `# Performance

Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)}; run it on your own machine before you compare.

| | |
|---|---|
| machine | ${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, shared with provider and client |
| versions | Weir ${version}, Node ${process.version}, ${nginxVersion()} |

## Method
An OpenAI-compatible mock in a process of its own streams 200 chunks of about 160 bytes at 50 a second. ${streams} streams are
opened within a second, and read to their ends. The figure is the CPU time, user and system, of the processes under
test, from the kernel's scheduler, divided by the chunks relayed; opening the connections is included. The rows run one
after another, ${runs} times over; figures are medians. Three waves of each row go before and are not counted, as V8
compiles meanwhile; the first of them is the last column. Times on shared machines wander, so each row is also divided
by NGINX's of the same run: that ratio holds. Weir's rows have every feature on: validation, admission, ids, heartbeat,
back-pressure, checksum, metrics, log.

What a relay adds to a client's waits is measured with 50 streams at once, each of a second, in waves of their own: from
the request to the first text, which the mock sends after 20 ms, and from text to text, which it sends every 20 ms. The
goals were set on a machine where NGINX took 12.4 µs an event; each is also given in proportion to what it takes here. A
cancel is the time from the client's closing of its connection until the provider sees it.
The load generator is measured against a server that costs little ([load.md](load.md)).

${tables}
`;
}

function nginxVersion(): string {
  // `nginx -v` writes to stderr.
  return execFileSync('sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' }).trim().replace('nginx version: ', '');
}
