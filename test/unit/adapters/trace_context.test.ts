import { describe, expect, it } from 'vitest';
import { readContext, writeContext } from '../../../src/adapters/traces/otel_span.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a W3C trace context', () => {
  it.each([
    [{ traceparent: `00-${TRACE}-${SPAN}-01` }],
    [{ traceparent: `00-${TRACE}-${SPAN}-00`, tracestate: 'a=1,b=2' }],
  ])('comes out as it went in: %o', (context) => {
    const read = readContext(context);
    expect(read).toMatchObject({ traceId: TRACE, spanId: SPAN, isRemote: true });
    expect(read && writeContext(read)).toEqual(context);
  });

  it('of a later version is read as far as it is known, and unknown flags are dropped', () => {
    const read = readContext({ traceparent: `cc-${TRACE}-${SPAN}-ff-what-the-future-brings` });
    expect(read && writeContext(read)).toEqual({ traceparent: `00-${TRACE}-${SPAN}-01` });
  });

  it.each([
    '',
    'absurd',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
  ])('that is none (%s) is none', (traceparent) => {
    expect(readContext({ traceparent })).toBeUndefined();
  });
});
