import type { WeirError } from './error_code.ts';

/** An error as OpenAI's clients know it; `code` is ours. */
export interface OpenAiErrorBody {
  error: { message: string; type: string; code: string | null; param: string | null };
}

export function openAiError(error: WeirError): OpenAiErrorBody {
  return { error: { message: error.message, type: typeOf(error.status), code: error.code, param: paramOf(error) } };
}

/** A refusal by a provider that speaks another format. */
export function openAiRefusal(status: number, message: string): OpenAiErrorBody {
  return { error: { message, type: typeOf(status), code: null, param: null } };
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** The first field that is not as it should be. */
function paramOf({ details }: WeirError): string | null {
  const fields = details.fields as { field: string }[] | undefined;
  return fields?.[0]?.field ?? null;
}
