import { readFileSync } from 'node:fs';

/** The account of NGINX's workers when NGINX is started as root. */
export interface WorkerAccount {
  name: string;
  group: string;
  gid: number;
}

/** The usual account of NGINX's workers: www-data (Debian), else the one without rights. `passwd` and `group`: the texts of the two files. */
export function chooseWorkerAccount(passwd: string, group: string): WorkerAccount | undefined {
  const groups = new Map(group.split('\n').map((line) => [line.split(':')[2], line.split(':')[0]]));
  for (const name of ['www-data', 'nobody']) {
    const gid = passwd
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':')[3];
    const groupName = groups.get(gid);
    if (gid !== undefined && groupName) return { name, group: groupName, gid: Number(gid) };
  }
  return undefined;
}

/** The account on this machine; undefined where neither exists. */
export function workerAccount(): WorkerAccount | undefined {
  return chooseWorkerAccount(readFileSync('/etc/passwd', 'utf8'), readFileSync('/etc/group', 'utf8'));
}
