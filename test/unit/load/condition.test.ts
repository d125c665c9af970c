import { describe, expect, it } from 'vitest';
import { holds, parseCondition } from '../../../src/load/condition.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadRecord } from '../../support/load_plan.ts';

const summary = new Summary({ slo: { ttftMs: 200, tpotMs: 50 } });
for (let index = 0; index < 10; index++) summary.add(loadRecord({ index, ttftMs: 100 * (index + 1), e2eMs: 2000 }));
const report = summary.report();

describe('a condition', () => {
  it.each([
    ['ttft.p50>499', 500],
    ['ttft.p50>0.4s', 500],
    [' ttft.p50 >= 500 ms ', 500],
    ['ttft.p50>500', null],
    ['ttft.p50<1s', 500],
    ['e2e.max==2000', 2000],
    ['e2e.n!=10', null],
    ['good.share<99%', 0.2],
    ['good.share<0.1', null],
    ['outcome.429>=0', 0],
    ['requests>9', 10],
    ['refusal.p50>0', null],
  ])('"%s" gives %s', (text, value) => {
    expect(holds(parseCondition(text), report)).toBe(value);
  });

  it.each([
    ['ttft.p95', /figure, an operator and a number/],
    ['', /figure, an operator and a number/],
    ['ttft.p95>', /figure, an operator and a number/],
    ['ttft.p95=>5', /figure, an operator and a number/],
    ['ttft.p96>5', /no figure ttft\.p96\. Use one of ttft\.p50, .*ttft\.p999/],
    ['itl.p95>5', /no figure itl\.p95\. Its first part must be one of requests, ok, good, .*ttft/],
    ['ttft.p95>fast', /fast is not a number/],
    ['ttft.p95>5%', /ttft\.p95 is milliseconds, not %/],
    ['ok.share>5s', /ok\.share is a share of 1, or a percentage, not s/],
  ])('"%s" is refused with what is wrong', (text, message) => {
    expect(() => parseCondition(text)).toThrow(message);
  });
});
