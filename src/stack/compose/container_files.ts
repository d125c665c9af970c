import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ensureOperatorKey, withKeys } from '../keys/api_keys.ts';
import { consoleToken } from '../keys/console_token.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';
import { type ContainerConfig, containerConfig } from './container_config.ts';
import { type Account, makePrivateFolder, writePrivateFile } from './private_files.ts';

/** Where instances find their configuration: `docker-compose.yml` mounts the folder, as files are replaced. */
export const MOUNTED_CONFIG = '/etc/weir/config/weir.config.yaml';

/** The files in `layout.containers`; each folder is mounted by the services that need it. */
export function containerPaths({ containers }: Pick<StackLayout, 'containers'>) {
  return {
    config: path.join(containers, 'config', path.basename(MOUNTED_CONFIG)),
    keys: path.join(containers, 'keys/api_keys.json'),
    operatorKey: path.join(containers, 'operator/operator.key'),
    consoleToken: path.join(containers, 'operator/console.token'),
    /** Read by Compose itself, and not by a container. */
    variables: path.join(containers, 'providers.env'),
  };
}

/** Everything that files are written from. */
interface ContainerFilesContext {
  layout: StackLayout;
  options: StackOptions;
  /** With providers and routes; it was found valid. */
  configFile: string | undefined;
  /** Who runs this. */
  self: Account;
}

/**
 * Writes the files that the containers read, before they are started: in folders that only their account can enter,
 * inside a folder that only this account can enter. Returns a remark for the user, if any.
 */
export function writeContainerFiles(context: ContainerFilesContext, owner: Account): string | undefined {
  const { layout, options, configFile, self } = context;
  const made = options.auth === 'keys' ? ensureOperatorKey(layout) : undefined;
  const paths = containerPaths(layout);
  makePrivateFolder(layout.containers, self);
  for (const file of [paths.config, paths.keys, paths.operatorKey]) makePrivateFolder(path.dirname(file), owner);
  const remark = writeContainerConfig(layout, configFile);
  writePrivateFile(paths.consoleToken, `${consoleToken(undefined, layout.consoleToken).token}\n`);
  if (options.auth === 'keys') {
    copyKeys(layout);
    writePrivateFile(paths.operatorKey, readFileSync(layout.operatorKey));
  } else {
    rmSync(paths.keys, { force: true });
    rmSync(paths.operatorKey, { force: true });
  }
  return [made, remark].filter(Boolean).join('; ') || undefined;
}

/** Writes the current providers and routes for the containers, with the files of keys that they name. */
export function writeContainerConfig(layout: StackLayout, configFile: string | undefined): string | undefined {
  const paths = containerPaths(layout);
  const folder = path.dirname(paths.config);
  const none: ContainerConfig = { text: '', keyFiles: new Map(), variables: [], remark: undefined };
  const { text, keyFiles, variables, remark } = configFile === undefined ? none : containerConfig(configFile);
  for (const [name, content] of keyFiles) writePrivateFile(path.join(folder, name), content);
  // With a name alone Compose takes the value from its own environment, so no key is written here.
  writePrivateFile(paths.variables, variables.map((name) => `${name}\n`).join(''));
  if (configFile === undefined) rmSync(paths.config, { force: true });
  else writePrivateFile(paths.config, text);
  const wanted = new Set([...keyFiles.keys(), path.basename(paths.config)]);
  for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(path.join(folder, name), { recursive: true });
  return remark;
}

/** Updates the copy of the keys that the containers read, where they were started with keys. */
export function shareKeys(layout: StackLayout): void {
  if (existsSync(containerPaths(layout).keys)) copyKeys(layout);
}

/** Copies under the lock of the keys, so that the last copy has the newest keys. */
function copyKeys(layout: StackLayout): void {
  withKeys(layout.apiKeys, () => writePrivateFile(containerPaths(layout).keys, readFileSync(layout.apiKeys)));
}
