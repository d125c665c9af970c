import { StackError } from '../stack_error.ts';
import { findCommand, lastLine, type MachineAccess, rootPrefix, runCommand } from './run_command.ts';

/**
 * Debian's nginx and redis-server start a service of their own right after they are installed, and at every boot,
 * on ports 80 and 6379. policy-rc.d keeps them from starting now (one that is already there is left as it is), and
 * disabling their units keeps them from coming up later. Services of packages that were there before aren't touched.
 */
const INSTALL_SCRIPT = `
set -e
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
for package in "$@"; do
  case "$package" in nginx|redis-server)
    if command -v systemctl >/dev/null 2>&1; then systemctl disable "$package" >/dev/null 2>&1 || true; fi ;;
  esac
done
`;

/**
 * Installs Debian packages with apt, as root or with sudo where it asks for no password.
 *
 * Throws a {@link StackError} that names the command to run by hand when neither is there or apt fails.
 */
export async function installPackages(packages: string[], access: MachineAccess, say: (line: string) => void) {
  const list = packages.join(' and ');
  const byHand = `install ${packages.length > 1 ? 'them' : 'it'} (for example: sudo apt-get install ${packages.join(' ')}), then run this again`;
  const missing = `${list} ${packages.length > 1 ? 'are' : 'is'} missing`;
  if (!findCommand('apt-get', access.searchPath)) throw new StackError(missing, byHand);
  const prefix = await rootPrefix(access);
  if (!prefix) throw new StackError(`${missing} and this account may not install`, byHand);
  say(`installing ${list} with apt-get`);
  const [command, ...args] = [...prefix, 'sh', '-c', INSTALL_SCRIPT, 'weir', ...packages];
  const result = await runCommand(command!, args);
  if (result.code !== 0) throw new StackError(`apt-get could not install ${list} (${lastLine(result.output)})`, byHand);
}
