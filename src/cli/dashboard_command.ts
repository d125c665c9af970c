import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { shortRequest } from '../stack/http_request.ts';
import { findCommand } from '../stack/machine/run_command.ts';
import { dashboardUrl, stackUrl } from '../stack/stack_addresses.ts';
import { StackError } from '../stack/stack_error.ts';
import type { StackLayout } from '../stack/stack_layout.ts';
import { DEFAULT_STACK_OPTIONS, type StackOptions } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';
import { keptOptions, layoutOf } from './stack_access.ts';

const START = 'start it with "./weir start --all", or see "./weir logs console"';

/** Path and query of a link that logs in one browser, once, at any address of the dashboard. @throws StackError */
export async function loginPath(layout: StackLayout, { dashboardPort }: StackOptions): Promise<string> {
  let token: string;
  try {
    token = readFileSync(layout.consoleToken, 'utf8').trim();
  } catch {
    throw new StackError('this stack has no dashboard yet', START);
  }
  const answer = await shortRequest({
    url: `http://127.0.0.1:${dashboardPort}/api/logins`,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-console-token': token },
    body: '{}',
  }).catch(() => undefined);
  if (answer?.status !== 201) throw new StackError(`the dashboard does not answer at port ${dashboardPort}`, START);
  return (JSON.parse(answer.body) as { path: string }).path;
}

/** The command that opens an address in the user's browser; undefined where there is no screen. */
function opener({ all, searchPath }: Environment): string | undefined {
  if (process.platform === 'darwin') return findCommand('open', searchPath);
  return all.DISPLAY || all.WAYLAND_DISPLAY ? findCommand('xdg-open', searchPath) : undefined;
}

/**
 * The address that the browser opens. Every account can read the arguments of programs, so the link is not passed as
 * one: it is in a file that only this account can read. Where the console recognises the account, no link is needed.
 */
function opened(url: string, link: string, { driver }: StackOptions, layout: StackLayout): string {
  if (process.platform === 'linux' && driver === 'native') return url;
  const file = path.join(layout.state, 'login.html');
  rmSync(file, { force: true });
  writeFileSync(file, `<meta http-equiv="refresh" content="0; url=${link}">\n`, { mode: 0o600 });
  return pathToFileURL(file).href;
}

/** `dashboard`: opens it in a browser, and prints a link that logs one in. Returns the exit code. */
export async function dashboardCommand(environment: Environment): Promise<number> {
  const layout = layoutOf(environment);
  const options = keptOptions(layout) ?? DEFAULT_STACK_OPTIONS;
  const login = await loginPath(layout, options);
  const url = dashboardUrl(options);
  const command = opener(environment);
  if (command !== undefined) {
    const browser = spawn(command, [opened(url, `${url}${login}`, options, layout)], {
      detached: true,
      stdio: 'ignore',
    });
    browser.on('error', () => undefined).unref();
    say(`opening ${url}`);
  }
  say('this link logs in one browser, once, within 15 minutes');
  print(`  on this machine   ${url}${login}\n  through NGINX     ${stackUrl(options)}${login}`);
  return 0;
}
