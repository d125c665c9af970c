import { chmodSync, rmSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { WeirConfigError } from '../config/parse_weir_config.ts';
import { buildGateway, type Gateway } from './build_gateway.ts';
import { peerAddress } from './cluster/peer_address.ts';
import { peerListener } from './cluster/peer_listener.ts';
import { peerSecret } from './cluster/peer_secret.ts';
import { ConfigError, type GatewayConfig, parseConfig } from './config.ts';
import { drain } from './drain.ts';
import { leaveWith } from './leave.ts';

const NO_PEER_LISTENER =
  'No peer listener: the other instances can not read the resumable streams of this one while it lives, and take them over only after its lease; set PEER_SOCKET or PEER_PORT';

/** One instance as a process: reads the environment, binds, handles signals. */
const config = await readConfig();
const peer = peerAddress(config);
const gateway = await buildOrExit();
const { app, log } = gateway;

const leaving = leaveWith({
  drain: () => drain(gateway, config.DRAIN_SECONDS),
  exit: (code) => {
    log.flush();
    process.exit(code);
  },
  log,
});
process.on('SIGTERM', leaving.ask);
process.on('SIGINT', leaving.ask);
process.on('SIGHUP', () => gateway.reload());
process.on('uncaughtException', leaving.unexpected);
process.on('unhandledRejection', leaving.unexpected);

try {
  if (config.PEER_SOCKET) {
    rmSync(config.PEER_SOCKET, { force: true });
    await peerListener(gateway.peerServices, config.PEER_SECRET, { path: config.PEER_SOCKET });
  } else if (config.PEER_PORT) {
    await peerListener(gateway.peerServices, config.PEER_SECRET, { host: config.HOST, port: config.PEER_PORT });
  }
  if (config.REDIS_URL !== undefined && peer === '') log.warn('0', NO_PEER_LISTENER);
  // A stream needs a log that other instances know, and they must be able to reach this one.
  await gateway.durable.start();
  if (config.SOCKET) {
    // A killed process left its socket. The folder decides which accounts can reach the new one.
    rmSync(config.SOCKET, { force: true });
    await app.listen({ path: config.SOCKET });
    chmodSync(config.SOCKET, 0o666);
  } else {
    await app.listen({ host: config.HOST, port: config.PORT });
  }
} catch (error) {
  const where = config.SOCKET ?? `${config.HOST}:${config.PORT}`;
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  log.error('0', `Cannot listen on ${where} (${reason}); free it, or set PORT or SOCKET to another one`);
  log.flush();
  process.exit(1);
}
await gateway.announcer.start();
log.info('0', 'Ready', {
  address: config.SOCKET ?? app.server.address(),
  boot: gateway.incarnation(),
  pid: process.pid,
});
// Otherwise only those who end by themselves keep what was compiled, and the next one starts as slowly.
flushCompileCache();

async function readConfig(): Promise<GatewayConfig> {
  try {
    const given = parseConfig(process.env);
    return Object.freeze({ ...given, PEER_SECRET: await peerSecret(given) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

async function buildOrExit(): Promise<Gateway> {
  try {
    return await buildGateway(config, process.env, peer);
  } catch (error) {
    if (!(error instanceof WeirConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
