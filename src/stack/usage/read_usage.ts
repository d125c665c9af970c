import { type UsageView, usageViewSchema } from '../../formats/cluster/usage_row.ts';
import { StackError } from '../stack_error.ts';
import type { AskPeer } from './ask_peer.ts';

/**
 * The usage of the last `days`, from whichever instance answers first.
 * @throws StackError where none does, or none has Redis
 */
export async function readUsage(peers: readonly AskPeer[], days: number): Promise<UsageView> {
  let why = 'no instance answers';
  for (const ask of peers) {
    const answer = await ask(`/usage/${days}`).catch(() => undefined);
    if (answer?.status === 200) return usageViewSchema.parse(JSON.parse(answer.body));
    if (answer?.status === 503) why = 'the instances can not read Redis';
  }
  throw new StackError(`usage can not be read: ${why}`, 'see ./weir status and ./weir doctor');
}
