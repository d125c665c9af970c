import type { AddressInfo } from 'node:net';
import type { DestinationStream } from 'pino';
import { buildGateway, type Gateway } from '../../src/gateway/build_gateway.ts';
import { parseConfig } from '../../src/gateway/config.ts';

/** Starts an instance in this process, on a free port. @param log where its log goes, else to the output */
export async function startGateway(
  environment: Readonly<Record<string, string>>,
  log?: DestinationStream,
): Promise<{ gateway: Gateway; url: string }> {
  const gateway = await buildGateway(parseConfig(environment), {}, '', log);
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  return { gateway, url: `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}` };
}

/** Ends an instance of {@link startGateway}. */
export async function stopGateway(gateway: Gateway): Promise<void> {
  await gateway.app.close();
  await gateway.close();
}
