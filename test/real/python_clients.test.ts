import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mockModel } from '../support/providers/mock_providers.ts';
import { startTranslationGateway, type TranslationGateway } from '../support/translation_gateway.ts';
import { UPSTREAMS } from '../support/translation_scenarios.ts';

/** What the program in Python says of one question. */
interface Asked {
  client: string;
  upstream: string;
  how: 'whole' | 'streamed';
  events: number;
  answer: unknown;
}

const run = promisify(execFile);
const SUPPORT = path.join(import.meta.dirname, '../support/python');
const FOLDER = path.join(import.meta.dirname, '../../.weir/python');
const PYTHON = path.join(FOLDER, 'bin/python');

/** Debian has the module that makes such a folder in a package of its own. */
async function install(): Promise<void> {
  if (!existsSync(path.join(FOLDER, 'bin/pip'))) {
    await run('python3', ['-m', 'venv', FOLDER]).catch(async () => {
      await run('apt-get', ['install', '--yes', 'python3', 'python3-venv']);
      await run('python3', ['-m', 'venv', FOLDER]);
    });
  }
  const wanted = ['--requirement', path.join(SUPPORT, 'requirements.txt')];
  await run(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted]);
}

/** Only in the long form: it installs what it needs. */
describe.runIf(process.env.WEIR_TEST_LONG === '1')('the official clients for Python', () => {
  let gateway: TranslationGateway;
  let asked: Asked[];
  beforeAll(async () => {
    await install();
    gateway = await startTranslationGateway();
    const models = Object.fromEntries(UPSTREAMS.map((name) => [name, mockModel(name, 'everything_unasked')]));
    const program = path.join(SUPPORT, 'official_clients.py');
    const { stdout } = await run(PYTHON, [program, gateway.url, JSON.stringify(models)]);
    asked = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }, 300_000);
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  it.each(UPSTREAMS)('of %s have the same answer from each upstream, streamed and whole', (client) => {
    const answers = asked.filter((each) => each.client === client);
    expect(answers.map(({ upstream, how }) => `${upstream} ${how}`)).toEqual(
      UPSTREAMS.flatMap((upstream) => [`${upstream} whole`, `${upstream} streamed`]),
    );
    for (const { answer } of answers) expect(answer).toEqual(answers[0]?.answer);
    for (const said of ['First I think.', 'I look it up: 水', 'weather', 'Zürich', '60'])
      expect(JSON.stringify(answers[0]?.answer)).toContain(said);
    for (const { how, events } of answers) if (how === 'streamed') expect(events).toBeGreaterThan(10);
  });
});
