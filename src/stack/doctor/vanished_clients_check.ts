import { readFileSync } from 'node:fs';
import { readPlan } from '../supervisor/control_client.ts';
import { type Check, type DoctorContext, ok, warn } from './check.ts';

const ID = 'vanished_clients';
/** How often Linux sends again what nobody acknowledges. */
const TRIES_FILE = '/proc/sys/net/ipv4/tcp_retries2';
/** With so many it gives every connection up in less than a minute. */
const FEW_TRIES = 6;

/** Whether NGINX was started so that it notices clients that are gone without a word. */
export function checkVanishedClients({ layout }: DoctorContext, triesFile = TRIES_FILE): Check {
  const fine = ok(ID, 'clients that vanish are noticed');
  if (readPlan(layout.planFile)?.settings.perl !== undefined) return fine;
  try {
    if (Number(readFileSync(triesFile, 'utf8')) <= FEW_TRIES) return fine;
  } catch {
    // Not Linux: nothing can be done about it, and the stack is there for trying.
    return fine;
  }
  const what = 'a client that vanishes without a word keeps its slot for up to a quarter of an hour';
  const why = 'Perl sets what NGINX can not: how long a connection may go without an acknowledgement.';
  return warn(ID, what, why, 'install perl, then ./weir restart');
}
