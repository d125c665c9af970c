import type { ServiceState, ServiceStatus } from '../supervisor/service_spec.ts';

interface ComposeRow {
  Service: string;
  State: string;
  Health?: string;
}

const STATES: Record<string, ServiceState> = { running: 'running', restarting: 'waiting', created: 'starting' };

/** `docker compose ps --format json` as services; it prints an array or a line for each, by version. */
export function composeStatus(output: string): ServiceStatus[] {
  const text = output.trim();
  if (text === '') return [];
  const rows = (
    text.startsWith('[')
      ? JSON.parse(text)
      : text
          .split('\n')
          // Warnings go among them.
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line))
  ) as ComposeRow[];
  return rows.map(({ Service, State, Health }) => ({
    name: Service,
    state: STATES[State] ?? 'stopped',
    // A process of the engine's, not of this machine's user.
    pid: null,
    healthy: State === 'running' && (Health === undefined || Health === '' || Health === 'healthy'),
    address: `container sse-${Service}`,
    active_streams: 0,
  }));
}
