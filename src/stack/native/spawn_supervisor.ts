import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeJsonFile } from '../json_file.ts';
import { StackError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import { type ControlClient, connectSupervisor } from '../supervisor/control_client.ts';
import type { SupervisorPlan } from '../supervisor/service_spec.ts';

const PROGRAM = fileURLToPath(new URL('../supervisor/main.ts', import.meta.url));
const WITHIN_MS = 10_000;
const POLL_MS = 30;

/** Starts the supervisor in its own session, so that it keeps running after this command and its terminal. */
export async function spawnSupervisor(
  layout: StackLayout,
  what: Pick<SupervisorPlan, 'gatewayUrl' | 'nginx' | 'settings' | 'services'>,
): Promise<ControlClient> {
  const { planFile, processesFile, logs, run, controlSocket } = layout;
  const plan: SupervisorPlan = { planFile, controlSocket, processesFile, logs, run, ...what };
  writeJsonFile(planFile, plan);
  const log = openSync(path.join(logs, 'supervisor.log'), 'a', 0o600);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, planFile], {
    cwd: layout.root,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  const deadline = Date.now() + WITHIN_MS;
  while (!ended && Date.now() < deadline) {
    const client = await connectSupervisor(planFile);
    if (client) return client;
    await delay(POLL_MS);
  }
  if (!ended) child.kill('SIGKILL');
  throw new StackError('the supervisor did not start', `see ${path.join(logs, 'supervisor.log')}`);
}
