import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Full path of an executable, looked for in `searchPath` (as in PATH); undefined where there is none. */
export function findCommand(name: string, searchPath: string): string | undefined {
  for (const folder of searchPath.split(path.delimiter).filter(Boolean)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {}
  }
  return undefined;
}

/** Exit code and output of a program (stdout and stderr in the order of arrival). */
export interface CommandResult {
  code: number;
  output: string;
}

/** Where and how a program runs; `onLine` gets every line as it comes. */
export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
}

/** Longer output is cut at the front, because errors are at the end. */
const MAX_OUTPUT = 256 * 1024;

/** Runs a program to its end. A program that can't be started counts as code 127. */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let partial = '';
    const take = (chunk: string) => {
      output = (output + chunk).slice(-MAX_OUTPUT);
      const lines = (partial + chunk).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** The last line with text, for the end of a sentence. */
export function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() || 'no output';
}

/** The rights of this account on the machine. */
export interface MachineAccess {
  /** Like PATH. */
  searchPath: string;
  /** 0 for root. */
  uid: number;
}

/** Prefix of a command that needs root: nothing for root, sudo where it needs no password, otherwise undefined. */
export async function rootPrefix({ searchPath, uid }: MachineAccess): Promise<string[] | undefined> {
  if (uid === 0) return [];
  const sudo = findCommand('sudo', searchPath);
  if (!sudo || (await runCommand(sudo, ['-n', 'true'])).code !== 0) return undefined;
  return [sudo, '-n'];
}
