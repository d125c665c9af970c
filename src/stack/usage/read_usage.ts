import { type UsageView, usageViewSchema } from '../../protocol/usage_row.ts';
import { shortRequest } from '../http_request.ts';
import { instanceNames, peerSocket } from '../service_specs.ts';
import { StackError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';

/** Redis is read day by day, in one go. */
const WITHIN_MS = 5_000;

/**
 * The usage of the last `days`, through the private socket of whichever instance answers first.
 * @throws StackError where none does, or none has Redis
 */
export async function readUsage(layout: StackLayout, options: StackOptions, days: number): Promise<UsageView> {
  if (options.driver === 'compose') {
    throw new StackError('usage is read through sockets of the native stack', 'read weir_tokens_total with containers');
  }
  let why = 'no instance answers';
  for (const name of instanceNames(options.instances)) {
    const socket = peerSocket(layout, name);
    const ask = { socket, path: `/usage/${days}`, timeoutMs: WITHIN_MS };
    const answer = await shortRequest(ask).catch(() => undefined);
    if (answer?.status === 200) return usageViewSchema.parse(JSON.parse(answer.body));
    if (answer?.status === 503) why = 'the instances can not read Redis';
  }
  throw new StackError(`usage can not be read: ${why}`, 'see ./weir status and ./weir doctor');
}
