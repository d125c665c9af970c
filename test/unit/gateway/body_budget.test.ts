import { EventEmitter } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../../src/gateway/http/body_budget.ts';

const MIB = 1024 * 1024;

/** A request that says how long its body is, or sends it in chunks; `close` ends its answer. */
function take(budget: BodyBudget, length: number | undefined): () => void {
  const raw = new EventEmitter();
  const headers: Record<string, string> =
    length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) };
  budget.take({ headers } as FastifyRequest, { raw } as unknown as FastifyReply);
  return () => raw.emit('close');
}

describe('large bodies', () => {
  it('are refused when all of them together would take too much memory, until others are over', () => {
    const budget = new BodyBudget();
    const close = Array.from({ length: 16 }, () => take(budget, 32 * MIB));
    expect(() => take(budget, 2 * MIB)).toThrow('Too many large requests');
    close[0]?.();
    take(budget, 2 * MIB);
  });

  it('that don’t say how large they are count as the largest', () => {
    const budget = new BodyBudget();
    for (let count = 0; count < 16; count += 1) take(budget, undefined);
    expect(() => take(budget, undefined)).toThrow('Too many large requests');
  });

  it('take four times their size while they are written in another format', () => {
    const budget = new BodyBudget();
    const raw = new EventEmitter();
    const reply = { raw } as unknown as FastifyReply;
    for (let count = 0; count < 4; count += 1) take(budget, 32 * MIB);
    const giveBack = Array.from({ length: 4 }, () => budget.takeForCopies(32 * MIB, reply));
    expect(() => budget.takeForCopies(2 * MIB, reply)).toThrow('Too many large requests');
    giveBack[0]?.();
    budget.takeForCopies(32 * MIB, reply);
    // What was given back is not given back again.
    raw.emit('close');
    for (let count = 0; count < 12; count += 1) take(budget, 32 * MIB);
    expect(() => take(budget, 2 * MIB)).toThrow('Too many large requests');
    budget.takeForCopies(MIB, reply);
  });

  it('keep room for what an answer repeats of them until it is over', () => {
    const budget = new BodyBudget();
    const raw = new EventEmitter();
    const giveBack = budget.takeForCopies(32 * MIB, { raw } as unknown as FastifyReply);
    giveBack(32 * MIB);
    for (let count = 0; count < 15; count += 1) take(budget, 32 * MIB);
    expect(() => take(budget, 2 * MIB)).toThrow('Too many large requests');
    raw.emit('close');
    giveBack(32 * MIB);
    take(budget, 32 * MIB);
  });

  it('leave small ones alone, and requests without any', () => {
    const budget = new BodyBudget();
    for (let count = 0; count < 16; count += 1) take(budget, 32 * MIB);
    for (let count = 0; count < 1000; count += 1) take(budget, MIB);
    budget.take({ headers: {} } as FastifyRequest, {} as FastifyReply);
  });
});
