import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { translatedHeaders, translatedRefusal } from '../../../src/core/upstream/translated_head.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const OPENAI = { 'x-ratelimit-limit-requests': '60', 'x-ratelimit-remaining-tokens': '7' };
const ANTHROPIC = { 'anthropic-ratelimit-requests-limit': '60', 'anthropic-ratelimit-tokens-remaining': '7' };
const COMMON = { 'retry-after': '3', 'x-should-retry': 'true', 'x-upstream-request-id': 'req' };

describe('limits of a provider, for clients of the other family', () => {
  it('have the names that those read; all else stays', () => {
    expect(translatedHeaders({ ...OPENAI, ...COMMON }, 'messages')).toEqual({ ...ANTHROPIC, ...COMMON });
    for (const client of ['chat', 'responses'] as const) {
      expect(translatedHeaders({ ...ANTHROPIC, ...COMMON }, client)).toEqual({ ...OPENAI, ...COMMON });
      expect(translatedHeaders({ ...OPENAI, ...COMMON }, client)).toEqual({ ...OPENAI, ...COMMON });
    }
  });

  it.each([
    ['1m30s', '2026-01-01T00:01:30.000Z'],
    ['1h0m2.4s', '2026-01-01T01:00:03.000Z'],
    ['20ms', '2026-01-01T00:00:01.000Z'],
    ['45', '2026-01-01T00:00:45.000Z'],
    ['', undefined],
    ['soon', undefined],
  ])('are there again after %j: at %s', (duration, date) => {
    const headers = translatedHeaders({ 'x-ratelimit-reset-requests': duration }, 'messages');
    expect(headers['anthropic-ratelimit-requests-reset']).toBe(date);
  });

  it.each([
    ['2026-01-01T00:01:30Z', '90s'],
    ['2025-01-01T00:00:00Z', '0s'],
    ['soon', undefined],
  ])('are there again at %j: after %s', (date, duration) => {
    const headers = translatedHeaders({ 'anthropic-ratelimit-tokens-reset': date }, 'chat');
    expect(headers['x-ratelimit-reset-tokens']).toBe(duration);
  });

  it('are left out where the other family has none of that kind', () => {
    const other = {
      'anthropic-ratelimit-input-tokens-remaining': '1',
      'anthropic-ratelimit-unified-status': 'allowed',
    };
    expect(translatedHeaders(other, 'chat')).toEqual({});
    expect(translatedHeaders({ 'x-ratelimit-limit-project-requests': '1' }, 'messages')).toEqual({});
  });
});

describe('a refusal for clients of another format', () => {
  const said = (body: string, status = 400) =>
    JSON.parse(translatedRefusal({ status, headers: {} }, body, 'chat').body);

  it.each([
    ['{"error":{"message":"No."}}', 'No.'],
    ['{"error":"No."}', 'No.'],
    ['{"message":"No."}', 'No.'],
    ['{"detail":"No."}', 'No.'],
    ['{"detail":[{"msg":"No."}]}', 'The provider answered with status 400.'],
    ['<html>', 'The provider answered with status 400.'],
    ['null', 'The provider answered with status 400.'],
  ])('of %s says %j', (body, message) => {
    expect(said(body)).toEqual({ error: { message, type: 'invalid_request_error', code: null, param: null } });
  });

  it('is no longer than a sentence may be', () => {
    expect(said(JSON.stringify({ error: { message: 'x'.repeat(1_000_000) } })).error.message).toHaveLength(4_000);
  });
});
