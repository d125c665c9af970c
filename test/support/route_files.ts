import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A `weir.config.yaml` in a folder of its own. */
export interface RouteFile extends Disposable {
  file: string;
  /** JSON is YAML too; text is written as it is. */
  write(config: object | string): void;
}

export function routeFile(config: object | string): RouteFile {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-routes-'));
  const file = path.join(folder, 'weir.config.yaml');
  const write = (text: object | string) => writeFileSync(file, typeof text === 'string' ? text : JSON.stringify(text));
  write(config);
  return { file, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** A route's targets, each `provider/model`. */
export function along(...names: string[]): { targets: { provider: string; model: string }[] } {
  const targets = names.map((name) => {
    const slash = name.indexOf('/');
    return { provider: name.slice(0, slash), model: name.slice(slash + 1) };
  });
  return { targets };
}
