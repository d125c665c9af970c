import type { LoadPlan } from '../../src/load/load_plan.ts';
import type { LoadRecord } from '../../src/load/record.ts';

/** A closed loop of one request. */
export function loadPlan(fields: Partial<LoadPlan> & { concurrency?: number; requests?: number } = {}): LoadPlan {
  const { concurrency = 1, requests = 1, ...rest } = fields;
  return {
    url: 'http://test/api/v1',
    mode: { kind: 'closed', concurrency, requests },
    warmupMs: 0,
    prompt: 'hi',
    model: 'demo',
    provider: 'fake',
    users: 1,
    api: 'weir',
    ...rest,
  };
}

/** A request of 100 ms that ended well. */
export function loadRecord(fields: Partial<LoadRecord> = {}): LoadRecord {
  return {
    index: 0,
    worker: 0,
    user: 0,
    outcome: 'ok',
    measured: true,
    startMs: 0,
    lateMs: 0,
    e2eMs: 100,
    ttftMs: 10,
    tpotMs: 5,
    maxStallMs: 6,
    status: 200,
    code: null,
    message: null,
    instance: 'app-1',
    via: 'nginx',
    upstream: null,
    threadId: null,
    tokens: 4,
    chunks: 4,
    reconnects: null,
    maxResumeGapMs: null,
    ...fields,
  };
}
