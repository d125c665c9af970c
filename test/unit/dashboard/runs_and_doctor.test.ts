import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../performance_dashboard/src/api.ts';
import {
  checkName,
  doctorGroups,
  doctorWords,
  isCommand,
} from '../../../performance_dashboard/src/view/doctorGroups.ts';
import { metricName, metricValue } from '../../../performance_dashboard/src/view/format.ts';
import { choose, planWords } from '../../../performance_dashboard/src/view/runWords.ts';
import { DEFAULTS, type LoadSettings, planOf } from '../../../performance_dashboard/src/view/settings.ts';

describe('the history', () => {
  it('says in a few words what each run did', () => {
    const words = (change: Partial<LoadSettings>) => planWords(planOf({ ...DEFAULTS, ...change }, 'u', 'fake', 'demo'));
    expect(words({})).toBe('10 concurrent, 30 requests');
    expect(words({ mode: 'rate' })).toBe('5/s (Poisson), 20.0 s');
    expect(words({ mode: 'limit' })).toBe('find the limit');
    const alone = { ...planOf(DEFAULTS, 'u', 'fake', 'demo'), target: { kind: 'instance', name: 'app-1' } } as const;
    expect(planWords(alone)).toBe('10 concurrent, 30 requests, app-1 only');
  });

  it('compares two: a third choice takes the place of the older one', () => {
    expect(choose(['a'], 'b')).toEqual(['a', 'b']);
    expect(choose(['a', 'b'], 'c')).toEqual(['b', 'c']);
    expect(choose(['a', 'b'], 'a')).toEqual(['b']);
  });

  it('names figures as people do, with their units', () => {
    expect(['ttft.p95', 'service_ttft.p999', 'ok.share', 'new.thing'].map(metricName)).toEqual([
      'TTFT p95',
      'Sent TTFT p99.9',
      'Completed, share',
      'new.thing',
    ]);
    expect(metricValue({ unit: 'ms' }, 12.34)).toBe('12.3 ms');
    expect(metricValue({ unit: 'share' }, 0.5)).toBe('50.0 %');
    expect(metricValue({ unit: '1/s' }, 3.84)).toBe('3.8 /s');
    expect(metricValue({ unit: 'count' }, null)).toBe('–');
  });
});

describe('the doctor', () => {
  const finding = (change: Partial<Finding>): Finding => ({
    id: 'x',
    status: 'ok',
    what: '',
    why: '',
    fix: '',
    ...change,
  });

  it('groups findings along the path, the worst of each first, and knows where older ones belong', () => {
    const groups = doctorGroups([
      finding({ id: 'certificate' }),
      finding({ id: 'zone', area: 'nginx', status: 'fail' }),
      finding({ id: 'unknown' }),
    ]);
    expect(groups.map(({ area, status }) => `${area} ${status}`)).toEqual([
      'page null',
      'nginx fail',
      'instances null',
      'redis null',
      'machine ok',
    ]);
    expect(groups[1]?.findings.map(({ id }) => id)).toEqual(['zone', 'certificate']);
  });

  it('sums them up', () => {
    expect(doctorWords([finding({})])).toBe('1 check passed.');
    expect(doctorWords([finding({ status: 'warn' }), finding({ status: 'fail' }), finding({})])).toBe(
      '3 checks: 1 failed, 1 warning.',
    );
  });

  it('names checks as people do', () => {
    expect(['nginx_running', 'api_url', 'file_limit'].map(checkName)).toEqual([
      'NGINX running',
      'API address',
      'File limit',
    ]);
  });

  it('distinguishes a command from a sentence', () => {
    expect(['./weir start --all', 'API_BASE_URL=https://localhost/api/v1'].every(isCommand)).toBe(true);
    expect(isCommand('Open https://localhost once and accept the certificate.')).toBe(false);
  });
});
