import { chmodSync, rmSync } from 'node:fs';
import { RunStore } from '../load/node/run_store.ts';
import { consoleToken } from '../stack/keys/console_token.ts';
import { buildConsole } from './build_console.ts';
import { parseConsoleConfig } from './console_config.ts';
import { Logins } from './logins.ts';
import { RunBook } from './run_book.ts';
import { StackServices } from './stack_services.ts';

// A full disk must not end the dashboard.
process.stdout.on('error', () => {});

/** The dashboard's server as a process: reads the environment, listens, exits on a signal. */
async function main(): Promise<void> {
  const config = parseConsoleConfig(process.env);
  const onFailure = (error: Error) => log(error.message, {}, 'error');
  const { token, isShared } = consoleToken(config.token, config.tokenFile);
  const logins = new Logins(config.sessionsFile);
  const parts = {
    book: new RunBook(new RunStore(config.runsDir), onFailure),
    stack: new StackServices(config.controlSocket, config.instanceUrls, config.doctorPlace?.layout.planFile),
    token,
    logins,
    onFailure,
  };
  const local = buildConsole(config, 'local', parts);
  const address = await local.listen({ host: config.host, port: config.port });
  const closing = [local];
  if (config.socket !== undefined) {
    const proxied = buildConsole(config, 'proxied', parts);
    closing.push(proxied);
    // A killed console leaves its socket file behind.
    rmSync(config.socket, { force: true });
    await proxied.listen({ path: config.socket });
    // NGINX's workers run as another user. The permissions of the folder protect the socket.
    chmodSync(config.socket, 0o666);
  }
  if (config.proxiedPort !== undefined) {
    const proxied = buildConsole(config, 'proxied', parts);
    closing.push(proxied);
    await proxied.listen({ host: config.host, port: config.proxiedPort });
  }
  log('The dashboard is served', { address, api_base_url: config.apiBaseUrl });
  // ./weir cannot read this token, so `./weir dashboard` cannot create a link.
  if (!isShared)
    log('This link logs a browser in, once, within 15 minutes', { path: `/login?code=${logins.newCode()}` });

  const stop = async () => {
    // Saves a run in progress.
    await parts.book.close();
    await Promise.all(closing.map((app) => app.close()));
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** One JSON object per line, like the instances. */
function log(event: string, fields: Record<string, unknown>, level: 'info' | 'error' = 'info'): void {
  const line = { timestamp: new Date().toISOString(), level, event, instance: 'console', ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  const port = process.env.CONSOLE_PORT ?? 3001;
  if (code === 'EADDRINUSE') return `Port ${port} is taken; choose another with CONSOLE_PORT.`;
  if (code === 'EACCES') return `Port ${port} is not allowed for this user; choose one above 1023 with CONSOLE_PORT.`;
  return error.message;
}

main().catch((error: unknown) => {
  log(sentence(error), {}, 'error');
  process.exit(1);
});
