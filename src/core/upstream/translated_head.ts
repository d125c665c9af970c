import { isObject, parseObject, textOf } from '../../formats/json_object.ts';
import { anthropicRefusal } from '../../formats/messages/anthropic_error.ts';
import { openAiRefusal } from '../../formats/openai_error.ts';
import type { ByteAnswer, ClientFormat } from './upstream.ts';

type Headers = ByteAnswer['headers'];

/** More of a provider's sentence is not repeated. */
const MAX_MESSAGE = 4_000;
/** Anthropic's word for "no capacity"; elsewhere it is no status. */
const OVERLOADED = 529;

/**
 * A refusal in the client's own format, with the status and the words of the provider.
 * @param body of the provider, without its key; one character a byte
 */
export function translatedRefusal(
  { status, headers }: Pick<ByteAnswer, 'status' | 'headers'>,
  body: string,
  client: ClientFormat,
): Pick<ByteAnswer, 'status' | 'headers' | 'contentType'> & { body: string } {
  const isAnthropic = client === 'messages';
  const shown = status === OVERLOADED && !isAnthropic ? 503 : status;
  const message = sentenceOf(body) ?? `The provider answered with status ${status}.`;
  const refusal = isAnthropic ? anthropicRefusal(shown, message) : openAiRefusal(shown, message);
  return {
    status: shown,
    headers: translatedHeaders(headers, client),
    contentType: 'application/json; charset=utf-8',
    body: Buffer.from(JSON.stringify(refusal)).toString('latin1'),
  };
}

/** The sentence of a refusal, wherever servers put it. */
function sentenceOf(body: string): string | undefined {
  const refusal = parseObject(Buffer.from(body, 'latin1').toString());
  if (!refusal) return undefined;
  const { error, message, detail } = refusal;
  const said = isObject(error) ? textOf(error.message) : textOf(error);
  return (said || textOf(message) || textOf(detail)).slice(0, MAX_MESSAGE) || undefined;
}

const OPENAI_LIMIT = /^x-ratelimit-(limit|remaining|reset)-(requests|tokens)$/;
const ANTHROPIC_LIMIT = /^anthropic-ratelimit-(requests|tokens)-(limit|remaining|reset)$/;
const ANY_LIMIT = /^(x|anthropic)-ratelimit-/;

/** Headers of a provider as clients of another format read them; limits that those do not know are left out. */
export function translatedHeaders(headers: Headers, client: ClientFormat): Headers {
  const isAnthropic = client === 'messages';
  const translated: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!ANY_LIMIT.test(name) || name.startsWith('anthropic-') === isAnthropic) translated[name] = value;
    else if (isAnthropic) {
      const [, what, unit] = OPENAI_LIMIT.exec(name) ?? [];
      const said = what === 'reset' ? dateOf(value) : value;
      if (unit && said !== undefined) translated[`anthropic-ratelimit-${unit}-${what}`] = said;
    } else {
      const [, unit, what] = ANTHROPIC_LIMIT.exec(name) ?? [];
      const said = what === 'reset' ? durationOf(value) : value;
      if (unit && said !== undefined) translated[`x-ratelimit-${what}-${unit}`] = said;
    }
  }
  return translated;
}

const DURATION = /^(?:(\d{1,4})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d+)?)s)?(?:(\d{1,9}(?:\.\d+)?)ms)?$/;

/** @param duration `1h2m3.5s`, `20ms`; or seconds @returns the date when it is over */
function dateOf(duration: string): string | undefined {
  const text = /^\d+(\.\d+)?$/.test(duration) ? `${duration}s` : duration;
  const [all, hours = 0, minutes = 0, seconds = 0, ms = 0] = DURATION.exec(text) ?? [];
  if (!all) return undefined;
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(ms) / 1000;
  return new Date(Date.now() + Math.ceil(total) * 1000).toISOString();
}

/** The other way. */
function durationOf(date: string): string | undefined {
  const left = Math.ceil((Date.parse(date) - Date.now()) / 1000);
  return Number.isNaN(left) ? undefined : `${Math.max(0, left)}s`;
}
