import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import packageJson from '../../../package.json' with { type: 'json' };
import { completeDocument, ERROR_CODES } from './complete_document.ts';

const DESCRIPTION = `Streams LLM answers over Server-Sent Events. Requests below /v1 are those of OpenAI and Anthropic.

${ERROR_CODES}`;

const KEY = 'A key of this deployment, where it asks for one; X-API-Key is taken too.';

/** The page loads nothing from elsewhere; React sets styles on elements, and the icons are in the style sheet. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/** The table of error codes is wider than a telephone. */
const NARROW = '.swagger-ui .info table { display: block; overflow-x: auto; }';

/**
 * The OpenAPI document of all routes that are registered after this, `/api/v1/openapi.json`, and the page to read it,
 * `/api/v1/docs`.
 */
export async function apiDocs(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Weir', version: packageJson.version, description: DESCRIPTION },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: KEY } } },
      // Nothing at all is enough where the deployment asks for no keys.
      security: [{}, { key: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (made) => ('openapiObject' in made ? completeDocument(made.openapiObject) : made.swaggerObject),
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/v1/docs',
    staticCSP: POLICY,
    theme: { title: 'Weir API', css: [{ filename: 'narrow.css', content: NARROW }] },
    // Without the bar on top, which asks for the address of another document.
    uiConfig: {
      layout: 'BaseLayout',
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
    },
  });
  app.get('/api/v1/openapi.json', { schema: { hide: true }, handler: async () => app.swagger() });
}
