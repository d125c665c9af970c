import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DOCUMENT_FILE } from '../../../src/gateway/http/api_docs.ts';
import { openApiDocument } from '../../../src/gateway/write_openapi.ts';

it('the checked-in document of the API is that of the routes; `npm run openapi:write` writes it', async () => {
  const made = JSON.parse(JSON.stringify(await openApiDocument()));
  expect(JSON.parse(readFileSync(DOCUMENT_FILE, 'utf8'))).toEqual(made);
});
