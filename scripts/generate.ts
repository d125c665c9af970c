import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { PROVIDER_PRESETS, type ProviderPreset } from '../src/config/provider_presets.ts';
import { weirConfigSchema } from '../src/config/weir_config.ts';
import { openApiDocument } from '../src/gateway/openapi_document.ts';
import { COMPOSE_NGINX_PLAN } from '../src/stack/nginx/compose_plan.ts';
import { renderNginxConf } from '../src/stack/nginx/render_nginx_conf.ts';
import { translationMatrix } from '../test/support/translation_scenarios.ts';
import { fieldFateTables } from './field_fates.ts';

const ROOT = resolve(import.meta.dirname, '..');
const ROUTES_PAGE = 'docs/routes.md';
const TRANSLATION_PAGE = 'docs/translation.md';

/** A checked-in file that is made from code, as a whole or between two marks. */
export interface GeneratedFile {
  /** Relative to the project's folder. */
  path: string;
  /** What it has to hold now. */
  text(): string | Promise<string>;
}

/** All of them. `npm run generate` writes them; a unit test fails when one is not current. */
export const GENERATED_FILES: readonly GeneratedFile[] = [
  { path: 'src/gateway/http/openapi.json', text: async () => json(await openApiDocument()) },
  { path: 'infrastructure/nginx/nginx.conf', text: () => renderNginxConf(COMPOSE_NGINX_PLAN) },
  { path: 'docs/weir.config.schema.json', text: () => json(z.toJSONSchema(weirConfigSchema, { io: 'input' })) },
  { path: ROUTES_PAGE, text: () => between(ROUTES_PAGE, 'presets', presetTable()) },
  { path: 'docs/translation-matrix.md', text: () => translationMatrix() },
  { path: TRANSLATION_PAGE, text: () => between(TRANSLATION_PAGE, 'fields', fieldFateTables()) },
];

export function readGenerated(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Replaces what stands between the marks of that name in a Markdown page. @throws Error where a mark is missing */
function between(path: string, name: string, text: string): string {
  const page = readGenerated(path);
  const [begin, end] = [`<!-- ${name}: written by npm run generate -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has lost the marks around its ${name}`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}

function presetTable(): string {
  const rows = Object.entries<ProviderPreset>(PROVIDER_PRESETS).map(([name, preset]) => {
    const key = preset.api_key_env === undefined ? 'none' : `\`${preset.api_key_env}\``;
    const continues = preset.continuation === 'none' ? '' : `; continues with \`${preset.continuation}\``;
    return `| \`${name}\` | \`${preset.base_url}\` | ${key} | ${preset.speaks.join(', ')}${continues} |\n`;
  });
  return ['| preset | address | key | speaks |\n', '|---|---|---|---|\n', ...rows].join('');
}

if (import.meta.main) {
  for (const { path, text } of GENERATED_FILES) {
    const made = await text();
    const isCurrent = readGenerated(path) === made;
    if (!isCurrent) writeFileSync(join(ROOT, path), made);
    console.log(`${isCurrent ? 'current' : 'written'}: ${path}`);
  }
}
