import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { PrometheusMetrics } from '../../../src/adapters/observe/prometheus_metrics.ts';
import { mergeMetrics } from '../../../src/console/metrics_routes.ts';
import { runs } from '../../support/fast_check_runs.ts';

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: string;
}

/** Reads the format character by character, as its description says; fails where a family is not in one piece. */
function parse(text: string): { types: Record<string, string>; samples: Sample[] } {
  const types: Record<string, string> = {};
  const samples: Sample[] = [];
  const seen: string[] = [];
  let family = '';
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, kind, of] = /^# (HELP|TYPE) (\S+) /.exec(line) ?? [];
    const name = of ?? (line.split(/[{ ]/, 1)[0] as string);
    const own = name === family || name.replace(/_(bucket|sum|count)$/, '') === family ? family : name;
    if (own !== family) {
      if (seen.includes(own)) throw new Error(`${own} stands in two places`);
      seen.push(own);
      family = own;
    }
    if (kind === 'TYPE') {
      if (types[name] !== undefined) throw new Error(`${name} has two types`);
      types[name] = line.split(' ')[3] as string;
    }
    if (kind === undefined) samples.push(sampleOf(line, name));
  }
  return { types, samples };
}

function sampleOf(line: string, name: string): Sample {
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    at += 1;
    while (line[at] !== '}') {
      const equals = line.indexOf('="', at);
      const label = line.slice(at, equals);
      if (!/^[a-zA-Z_]\w*$/.test(label) || label in labels) throw new Error(`not valid: ${line}`);
      let value = '';
      for (at = equals + 2; line[at] !== '"'; at += 1) {
        const isEscape = line[at] === '\\';
        if (isEscape) at += 1;
        if (at >= line.length) throw new Error(`not valid: ${line}`);
        value += isEscape && line[at] === 'n' ? '\n' : line[at];
      }
      labels[label] = value;
      at += line[at + 1] === ',' ? 2 : 1;
    }
    at += 1;
  }
  const value = line.slice(at).trim();
  if (Number.isNaN(Number(value)) && !/^([+-]?Inf|NaN)$/.test(value)) throw new Error(`no value: ${line}`);
  return { name, labels, value };
}

const key = ({ name, labels, value }: Sample) => JSON.stringify([name, Object.entries(labels).sort(), value]);
const sorted = (samples: Sample[]) => samples.map(key).sort();

describe('the metrics of several instances', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const tricky = fc.oneof(text, fc.constantFrom('}', '{a="b"} 1', ',instance="x"', '\\', '"', '\n', '# TYPE a b', ''));
  const counts = fc.array(fc.record({ by: tricky, times: fc.nat(9) }), { maxLength: 4 });

  it('read as the union of what each one says, every sample with its instance', async () => {
    const instances = fc.dictionary(fc.oneof(fc.constantFrom('app-1', 'app-2'), text), counts, { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(instances, async (all) => {
        const texts = new Map<string, string>();
        const expected: Sample[] = [];
        for (const [instance, own] of Object.entries(all)) {
          const registry = new Registry();
          const registers = [registry];
          const counter = new Counter({ name: 'a_total', help: 'of \\ and\nlines', labelNames: ['by'], registers });
          const histogram = new Histogram({ name: 'a', help: 'h', labelNames: ['by'], buckets: [1, 5], registers });
          new Gauge({ name: 'a_count_of', help: 'g', registers }).set(own.length);
          for (const { by, times } of own) {
            counter.inc({ by }, times);
            histogram.observe({ by }, times);
          }
          const metrics = await registry.metrics();
          texts.set(instance, metrics);
          const { samples } = parse(metrics);
          for (const sample of samples) expected.push({ ...sample, labels: { ...sample.labels, instance } });
          expected.push({ name: 'up', labels: { instance }, value: '1' });
        }
        const { types, samples } = parse(mergeMetrics(texts));
        expect(sorted(samples)).toEqual(sorted(expected));
        const kinds = { a_total: 'counter', a: 'histogram', a_count_of: 'gauge' };
        expect(types).toEqual({ up: 'gauge', ...(texts.size > 0 ? kinds : {}) });
      }),
      { numRuns: runs(100) },
    );
  });

  it('are those of real instances', async () => {
    const pool = { state: 'healthy', total_connections: 2, max_connections: 10, users: 1 } as const;
    const metrics = new PrometheusMetrics(() => ({ ...pool, max_connections_per_user: 3, scope: 'instance' }));
    metrics.tokens('open"ai', 'gpt\\5', { input_tokens: 1, output_tokens: 2, estimated: false });
    metrics.firstToken(20);
    const text = await metrics.registry.metrics();
    const { samples } = parse(
      mergeMetrics(
        new Map([
          ['app-1', text],
          ['app-2', text],
        ]),
      ),
    );
    const of = (name: string) => samples.filter((sample) => sample.name === name);
    expect(of('weir_pool_connections').map(({ labels, value }) => [labels.instance, value])).toEqual([
      ['app-1', '2'],
      ['app-2', '2'],
    ]);
    expect(of('weir_tokens_total')).toHaveLength(4);
    expect(of('weir_tokens_total')[0]?.labels).toMatchObject({ provider: 'open"ai', model: 'gpt\\5' });
    expect(samples).toHaveLength(2 * parse(text).samples.length + 2);
  });

  it('say of an instance that did not answer, or not in this format, that it is not up, and nothing else', () => {
    const merged = mergeMetrics(
      new Map([
        ['app-1', 'a 1\n'],
        ['app-2', undefined],
        ['app-3', 'a 2\n<html>'],
        ['app-4', ''],
      ]),
    );
    expect(parse(merged).samples.map(key)).toEqual(
      [
        ['up', 'app-1', '1'],
        ['up', 'app-2', '0'],
        ['up', 'app-3', '0'],
        ['up', 'app-4', '1'],
        ['a', 'app-1', '1'],
      ].map(([name, instance, value]) => key({ name, labels: { instance }, value } as Sample)),
    );
  });

  it('keep a label of that name as Prometheus does, and a time, and empty labels', () => {
    const merged = mergeMetrics(new Map([['app-1', 'a{instance="x",by="}"} 1e3 1700000000000\nb{} +Inf\n']]));
    expect(merged.split('\n').slice(3, 5)).toEqual([
      'a{instance="app-1",exported_instance="x",by="}"} 1e3 1700000000000',
      'b{instance="app-1"} +Inf',
    ]);
  });
});
