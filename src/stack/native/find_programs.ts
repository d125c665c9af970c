import { findCommand } from '../machine/find_command.ts';
import { installPackages } from '../machine/install_packages.ts';
import { canListenForNginx } from '../nginx/nginx_command.ts';
import { nginxVersion } from '../nginx/test_nginx_conf.ts';
import type { FoundPrograms, NativeContext } from './native_context.ts';

/** NGINX and, unless the user brings one, Redis: found on the search path, else installed where that is possible. */
export async function findPrograms(context: NativeContext): Promise<FoundPrograms> {
  const { searchPath } = context;
  const wanted = context.options.redisUrl === undefined ? ['nginx', 'redis-server'] : ['nginx'];
  const missing = wanted.filter((name) => !findCommand(name, searchPath));
  // On Debian both packages are named like their programs.
  if (missing.length > 0) await installPackages(missing, context, context.say);
  const nginx = findCommand('nginx', searchPath) ?? 'nginx';
  const redis = wanted.includes('redis-server') ? findCommand('redis-server', searchPath) : undefined;
  // Part of every Debian, and worth no package elsewhere: without it NGINX only learns later of clients that vanish.
  const perl = findCommand('perl', searchPath);
  const isAble = perl !== undefined && (await canListenForNginx(perl));
  return { nginx, nginxVersion: await nginxVersion(nginx), perl: isAble ? perl : undefined, redis };
}
