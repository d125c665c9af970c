import path from 'node:path';
import { dashboardUrl, stackUrl } from '../stack/service_specs.ts';
import type { StackLayout } from '../stack/stack_layout.ts';
import type { StackOptions } from '../stack/stack_options.ts';

const EXAMPLE = '{"query":"Say hello.","model":"gpt-3.5-turbo","provider":"fake"}';

/** What to open next, and how to go on. */
export function closingWords(options: StackOptions, layout: StackLayout): string {
  const url = stackUrl(options);
  const logs = path.relative(process.cwd(), layout.logs) || '.';
  const files = options.driver === 'compose' ? '' : `   (files in ${logs})`;
  if (!options.all) {
    return [
      `NGINX (${url}) and Redis are up; there are no instances yet.`,
      '  Everything   ./weir start --all',
      '  Stop         ./weir stop',
    ].join('\n');
  }
  const key =
    options.auth === 'keys' ? `-H "X-API-Key: $(cat ${path.relative(process.cwd(), layout.operatorKey)})" ` : '';
  const count = options.instances === 1 ? 'one instance' : `${options.instances} instances`;
  return [
    `Weir is up: ${count} behind NGINX at ${url}`,
    `  Dashboard    ${dashboardUrl(options)}   (and ${url}/, once the browser accepts the certificate, or ./weir certs trust)`,
    `  Health       curl -k ${url}/api/v1/health`,
    `  A stream     curl -kN ${url}/api/v1/stream ${key}-H 'Content-Type: application/json' -d '${EXAMPLE}'`,
    ...(options.auth === 'keys' ? ['  A key        ./weir keys create NAME'] : []),
    '  Load test    ./weir load -c 10 -n 30',
    `  Logs         ./weir logs -f${files}`,
    '  When in doubt ./weir doctor   To end ./weir stop',
  ].join('\n');
}
