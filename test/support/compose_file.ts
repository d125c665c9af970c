import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A volume in its long form, to read only. */
export interface ComposeVolume {
  type: 'volume';
  source: string;
  target: string;
  read_only: boolean;
}

/** A bind in its long form; its short one is a text. */
export interface ComposeBind {
  type: 'bind';
  source: string;
  target: string;
  read_only: boolean;
  bind: { create_host_path: boolean };
}

/** What the tests know of a service. */
export interface ComposeService {
  container_name: string;
  user?: string;
  ports?: string[];
  networks: string[];
  environment?: Record<string, string>;
  env_file?: { path: string; required: boolean }[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck: { test: string[] };
  volumes?: (string | ComposeBind | ComposeVolume)[];
  stop_grace_period?: string;
  read_only?: boolean;
  image: string;
  build?: { target: string };
  command?: string[];
  profiles?: string[];
  sysctls?: Record<string, number>;
  extra_hosts?: string[];
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, unknown>;
  volumes: Record<string, unknown>;
}

/** `docker-compose.yml` as Compose reads it with these variables; without any it is the file by hand. */
export function composeFile(variables: Record<string, string | undefined> = {}): ComposeFile {
  const written = parse(readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
  return filled(written, variables) as ComposeFile;
}

/** The binds of a service that are not its configuration in the repository. */
export function bindsOf({ volumes = [] }: ComposeService): ComposeBind[] {
  return volumes.filter((volume) => typeof volume !== 'string' && volume.type === 'bind');
}

/** Where a service finds what lies at `file` in its container, on this machine. */
export function outside(service: ComposeService, file: string): string {
  const bind = bindsOf(service).find(({ target }) => file.startsWith(`${target}/`));
  return bind ? path.resolve(ROOT, bind.source, path.relative(bind.target, file)) : file;
}

/** The command of the image `app`, as its Dockerfile says it. */
export function imageCommand(): string[] {
  const lines = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  const [command = ''] = lines.filter((line) => line.startsWith('CMD ') && line.includes('gateway/main.ts'));
  return JSON.parse(command.slice('CMD '.length)) as string[];
}

function filled(part: unknown, variables: Record<string, string | undefined>): unknown {
  if (Array.isArray(part)) return part.map((each) => filled(each, variables));
  if (typeof part === 'object' && part !== null) {
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, filled(value, variables)]));
  }
  if (typeof part !== 'string') return part;
  const values = part.replace(/\$\{([A-Z0-9_]+):-([^}]*)\}/g, (_, name, otherwise) => variables[name] || otherwise);
  return values.replaceAll('$$', '$');
}
