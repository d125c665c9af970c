import path from 'node:path';
import { keyState, readKeys } from '../stack/keys/api_keys.ts';
import { dashboardUrl, stackUrl } from '../stack/stack_addresses.ts';
import type { StackLayout } from '../stack/stack_layout.ts';
import type { StackOptions } from '../stack/stack_options.ts';

const EXAMPLE = '{"query":"Say hello.","model":"gpt-3.5-turbo","provider":"fake"}';

/** A warning for a stack that has keys and does not require them: its operator probably meant to. */
function unaskedKeys({ auth }: StackOptions, { apiKeys }: StackLayout): string[] {
  if (auth === 'keys') return [];
  try {
    const count = readKeys(apiKeys).filter((key) => keyState(key, new Date()) === 'valid').length;
    if (count === 0) return [];
    const keys = count === 1 ? 'One key is' : `${count} keys are`;
    return [`  Keys         ${keys} stored, but clients do not need one; to require keys: ./weir restart --auth keys`];
  } catch {
    // The file can not be read: ./weir keys reports that.
    return [];
  }
}

/** What to open and run next. `login`: path and query of a login link; undefined where the console gave none. */
export function closingWords(options: StackOptions, layout: StackLayout, login?: string): string {
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
    login === undefined
      ? '  Log in       ./weir dashboard'
      : `  Log in       ${dashboardUrl(options)}${login}   (once, within 15 minutes; ./weir dashboard prints another)`,
    `  Health       curl -k ${url}/api/v1/health`,
    `  A stream     curl -kN ${url}/api/v1/stream ${key}-H 'Content-Type: application/json' -d '${EXAMPLE}'`,
    ...(options.auth === 'keys' ? ['  A key        ./weir keys create NAME'] : []),
    ...unaskedKeys(options, layout),
    '  Load test    ./weir load -c 10 -n 30',
    `  Logs         ./weir logs -f${files}`,
    '  Check        ./weir doctor',
    '  Stop         ./weir stop',
  ].join('\n');
}
