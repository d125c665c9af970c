import { readFileSync, rmSync } from 'node:fs';
import { controlServer } from './control_server.ts';
import type { SupervisorPlan } from './service_spec.ts';
import { Supervisor } from './supervisor.ts';
import { boundLogs, eventLine } from './supervisor_log.ts';

const LOG_CHECK_MS = 5000;
/** Not passed to services: each service gets its own values. */
const NOT_INHERITED = ['HOST', 'PORT', 'SOCKET', 'PEER_SOCKET', 'INSTANCE_ID', 'REDIS_URL', 'NODE_OPTIONS', 'NGINX'];

const planFile = process.argv[2];
if (!planFile) throw new Error('start the supervisor with ./weir start, which passes it the file of its plan');
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as SupervisorPlan;
const environment = { ...process.env };
for (const name of NOT_INHERITED) delete environment[name];

// Only the owner and the group may use new sockets: NGINX's workers are in that group.
process.umask(0o007);
const supervisor = new Supervisor(plan, environment);
const logCheck = setInterval(() => boundLogs(plan.logs), LOG_CHECK_MS);

let stopping: Promise<void> | undefined;
function stop(now: boolean): Promise<void> {
  stopping = Promise.all([stopping, supervisor.stopAll(now)]).then(() => {
    clearInterval(logCheck);
    rmSync(plan.run, { recursive: true, force: true });
    rmSync(plan.processesFile, { force: true });
    rmSync(planFile!, { force: true });
    eventLine('info', 'stack has stopped');
  });
  // Open requests on the control socket are answered first; then nothing keeps the process alive.
  stopping.then(() => control.close());
  return stopping;
}

const control = controlServer(supervisor, stop);
control.listen(plan.controlSocket, () => eventLine('info', 'supervisor is up', { pid: process.pid }));
control.on('error', (error) => {
  eventLine('error', 'control socket failed', { error: error.message });
  process.exitCode = 1;
  void stop(true);
});

process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => void stop(false));
process.on('SIGINT', () => void stop(false));
process.on('uncaughtException', (error) => {
  eventLine('error', 'supervisor failed', { error: error.stack });
  process.exitCode = 1;
  void stop(true);
});
