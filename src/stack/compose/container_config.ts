import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseWeirConfig } from '../../config/parse_weir_config.ts';
import { settledProvider } from '../../config/weir_config.ts';

/** A configuration for containers, which do not see this machine's files, variables and servers. */
export interface ContainerConfig {
  /** JSON, which is YAML too. */
  text: string;
  /** Keys of providers that the configuration has in files: by their names beside it. */
  keyFiles: ReadonlyMap<string, Buffer>;
  /** Environment variables that hold keys. */
  variables: readonly string[];
  /** Which providers a container can not reach, and how to change that. */
  remark: string | undefined;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The same configuration with its files of keys beside it. @throws WeirConfigError */
export function containerConfig(file: string): ContainerConfig {
  const config = parseWeirConfig(readFileSync(file, 'utf8'), file);
  const keyFiles = new Map<string, Buffer>();
  const settled = Object.entries(config.providers).map(
    ([name, settings]) => [name, settledProvider(settings)] as const,
  );
  for (const [name, { api_key_file }] of settled) {
    if (api_key_file.length === 0) continue;
    const copies = api_key_file.map((keyFile, at) => {
      const copy = at === 0 ? `${name}.key` : `${name}#${at + 1}.key`;
      const content = contentOf(path.resolve(path.dirname(file), keyFile));
      // Without it the instance reports that the provider has no key.
      if (content) keyFiles.set(copy, content);
      return copy;
    });
    const [copy = ''] = copies;
    config.providers[name]!.api_key_file = copies.length === 1 ? copy : copies;
  }
  const onThisMachine = settled.filter(([, { base_url }]) => LOOPBACK.test(new URL(base_url).hostname));
  const names = onThisMachine.map(([name]) => name).join(', ');
  return {
    text: `${JSON.stringify(config, null, 2)}\n`,
    keyFiles,
    variables: [...new Set(settled.flatMap(([, { api_key_env }]) => api_key_env))],
    remark:
      names === ''
        ? undefined
        : `in a container localhost is the container itself: give ${names} a base_url with host.docker.internal, or with the name of a container`,
  };
}

function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
