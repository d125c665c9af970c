import { ERROR_TABLE, type ErrorCode, WeirError } from '../../formats/error_code.ts';
import { openAiError } from '../../formats/openai_error.ts';
import { block, type Conf, comment } from './conf_text.ts';

/** An answer of NGINX itself: its status, the code of the closed table, and a sentence about NGINX. */
interface OwnError {
  /** What NGINX calls it. */
  nginxStatus: number;
  /** What the client gets; NGINX's 494 and 497 are no statuses of HTTP. */
  status: number;
  code: ErrorCode;
  message: string;
}

const own = (nginxStatus: number, code: ErrorCode, message?: string, status = nginxStatus): OwnError => {
  return { nginxStatus, status, code, message: message ?? ERROR_TABLE[code].message };
};

/** Not 408: NGINX closes the connection of a slow sender without an error page (`ngx_http_finalize_request`). */
const OWN_ERRORS: OwnError[] = [
  own(400, 'bad_request', 'NGINX could not read the request; send it as well-formed HTTP.'),
  own(404, 'not_found'),
  own(413, 'payload_too_large', 'The body is too large for NGINX; send a smaller one.'),
  own(414, 'headers_too_large', 'The address is too long; send the text in the body instead.'),
  own(494, 'headers_too_large', undefined, 431),
  own(497, 'bad_request', 'This is an HTTPS port and the request was plain HTTP; use https://.', 400),
  own(500, 'internal_error', 'NGINX failed; its error log says why.'),
  own(502, 'upstream_error', 'NGINX reached no instance; ./weir status says which are up.'),
  own(503, 'service_unavailable', 'NGINX has no capacity at the moment; try again shortly.'),
  own(504, 'upstream_timeout', 'The instance did not answer NGINX in time; try again.'),
];

/** `return 404 '{"error":"not_found",…}';` — quotes and `$` don't occur in our sentences. */
function jsonReturn(status: number, body: object): string {
  return `return ${status} '${JSON.stringify(body)}';`;
}

/** In the form of an instance's errors. One body has the fields of OpenAI's and of Anthropic's clients. */
function answers({ status, code, message }: OwnError): Conf {
  const forOthers = { type: 'error', ...openAiError(new WeirError(code, { message })) };
  return [
    block('if ($request_uri ~ ^/v1/)', jsonReturn(status, forOthers)),
    jsonReturn(status, { error: code, message, details: {} }),
  ];
}

/** Headers of an answer that no instance made. On all other answers the instance sets the CORS headers. */
const OWN_HEADERS = [
  'default_type application/json;',
  'add_header Cache-Control no-store always;',
  'add_header X-Gateway-Via nginx always;',
  'add_header X-Upstream $instance_address always;',
  'add_header Access-Control-Allow-Origin $own_cors_origin always;',
  'add_header Access-Control-Expose-Headers $own_cors_expose always;',
  'add_header Vary Origin always;',
];

/** The `map` blocks that {@link OWN_HEADERS} use; an empty value means that the header is not sent. */
export function ownErrorMaps(corsOrigins: string[]): Conf {
  return [
    comment('Origins that may read the errors of NGINX itself.'),
    block(
      'map $http_origin $own_cors_origin',
      'default "";',
      corsOrigins.map((origin) => `"${origin}" $http_origin;`),
    ),
    block(
      'map $own_cors_origin $own_cors_expose',
      '"" "";',
      'default "X-Thread-ID, X-Instance-Id, X-Gateway-Via, X-Upstream, Retry-After";',
    ),
  ];
}

/** `error_page` lines and their internal pages: clients get the same JSON from NGINX and from instances. */
export function ownErrorPages(): Conf {
  return [
    comment(`
      NGINX's own errors as JSON, in the form of an instance's. proxy_intercept_errors stays off, so an instance's
      refusal (429, 503 …) passes through unchanged. Pages, not named locations: a request without a readable path
      can not enter a named location.`),
    OWN_ERRORS.map(({ nginxStatus, status }) =>
      nginxStatus === status
        ? `error_page ${nginxStatus} /.weir-error/${nginxStatus};`
        : `error_page ${nginxStatus} =${status} /.weir-error/${nginxStatus};`,
    ),
    OWN_ERRORS.map((error) => [
      block(
        `location = /.weir-error/${error.nginxStatus}`,
        'internal;',
        // The body was refused already; with the server's limit the error page would be refused too.
        'client_max_body_size 0;',
        OWN_HEADERS,
        answers(error),
      ),
    ]),
  ];
}
