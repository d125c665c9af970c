import type { WeirError } from '../error_code.ts';

/** An error as Anthropic's clients know it. */
export interface AnthropicErrorBody {
  type: 'error';
  error: { type: string; message: string };
}

const TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
};

export function anthropicError(error: WeirError): AnthropicErrorBody {
  return anthropicRefusal(error.status, error.message);
}

/** A refusal by a provider that speaks another format. */
export function anthropicRefusal(status: number, message: string): AnthropicErrorBody {
  const other = status < 500 ? 'invalid_request_error' : 'api_error';
  return { type: 'error', error: { type: TYPES[status] ?? other, message } };
}
