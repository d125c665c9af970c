import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';

/** Written by `npm run generate`; a test holds it equal to the routes. */
export const DOCUMENT_FILE = fileURLToPath(new URL('./openapi.json', import.meta.url));

const PAGE_PATH = '/api/v1/docs';
const DOCUMENT_PATH = `${PAGE_PATH}/json`;
const FILES_PATH = `${PAGE_PATH}/static`;

/** The page loads nothing from elsewhere; Swagger UI sets styles on elements, and its icons are in the style sheet. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Weir API</title>
    <link rel="icon" type="image/png" href="${FILES_PATH}/favicon-32x32.png">
    <link rel="stylesheet" href="${FILES_PATH}/swagger-ui.css">
    <link rel="stylesheet" href="${FILES_PATH}/page.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${FILES_PATH}/swagger-ui-bundle.js"></script>
    <script src="${FILES_PATH}/page.js"></script>
  </body>
</html>
`;

/** The table of error codes is wider than a telephone. */
const STYLE = `body { margin: 0; background: #fafafa; }
.swagger-ui .info table { display: block; overflow-x: auto; }
`;

/** Without the bar on top, which asks for the address of another document. */
const OPTIONS = {
  url: DOCUMENT_PATH,
  dom_id: '#swagger-ui',
  layout: 'BaseLayout',
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
};
const SCRIPT = `SwaggerUIBundle(${JSON.stringify(OPTIONS)});\n`;

/** What is ours is text; what is Swagger UI's is read from its package on request. */
const FILES: Readonly<Record<string, { type: string; text?: string }>> = {
  'page.css': { type: 'text/css; charset=utf-8', text: STYLE },
  'page.js': { type: 'text/javascript; charset=utf-8', text: SCRIPT },
  'swagger-ui.css': { type: 'text/css; charset=utf-8' },
  'swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8' },
  'favicon-32x32.png': { type: 'image/png' },
};

/** The OpenAPI document, `/api/v1/openapi.json`, and the page to read it, `/api/v1/docs`. */
export function apiDocs(app: FastifyInstance): void {
  const schema = { hide: true };
  for (const path of ['/api/v1/openapi.json', DOCUMENT_PATH]) {
    app.get(path, {
      schema,
      handler: async (_, reply) => reply.type('application/json; charset=utf-8').send(await readFile(DOCUMENT_FILE)),
    });
  }
  for (const path of [PAGE_PATH, `${PAGE_PATH}/`]) {
    app.get(path, {
      schema,
      handler: (_, reply) =>
        reply.type('text/html; charset=utf-8').header('Content-Security-Policy', POLICY).send(PAGE),
    });
  }
  for (const [name, { type, text }] of Object.entries(FILES)) {
    app.get(`${FILES_PATH}/${name}`, {
      schema,
      handler: async (_, reply) => reply.type(type).send(text ?? (await readFile(partOfSwaggerUi(name)))),
    });
  }
}

function partOfSwaggerUi(name: string): string {
  return fileURLToPath(new URL(`static/${name}`, import.meta.resolve('@fastify/swagger-ui/package.json')));
}
