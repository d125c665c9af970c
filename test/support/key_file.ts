import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { changeKeys, type KeyWishes, newKey } from '../../src/stack/keys/api_keys.ts';

/** A file of keys of its own, as the command line writes it. */
export class KeyFile {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'weir-keys-'));
  readonly path = path.join(this.#folder, 'api_keys.json');

  constructor() {
    changeKeys(this.path, () => []);
  }

  /** What instances get. */
  get environment(): Record<string, string> {
    return { AUTH_MODE: 'keys', API_KEYS_FILE: this.path };
  }

  add(wishes: Partial<KeyWishes> = {}): { text: string; id: string } {
    const { text, key } = newKey({ name: 'test', models: ['*'], ...wishes }, new Date());
    changeKeys(this.path, (keys) => [...keys, key]);
    return { text, id: key.id };
  }

  revoke(id: string): void {
    const revoked = new Date().toISOString();
    changeKeys(this.path, (keys) => keys.map((key) => (key.id === id ? { ...key, revoked } : key)));
  }

  /** Half a file; gives the way to have the whole one again. */
  spoil(): () => void {
    const whole = readFileSync(this.path);
    writeFileSync(this.path, '{"version":1,"keys":[{"id":');
    return () => writeFileSync(this.path, whole);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
