import { findCommand } from './find_command.ts';
import { runCommand } from './run_command.ts';

/** What this account may do to the machine. */
export interface MachineAccess {
  /** Like PATH. */
  searchPath: string;
  /** 0 for root. */
  uid: number;
}

/** What a command that needs root begins with: nothing for root, sudo where it asks for no password, else undefined. */
export async function rootPrefix({ searchPath, uid }: MachineAccess): Promise<string[] | undefined> {
  if (uid === 0) return [];
  const sudo = findCommand('sudo', searchPath);
  if (!sudo || (await runCommand(sudo, ['-n', 'true'])).code !== 0) return undefined;
  return [sudo, '-n'];
}
