import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../performance_dashboard/src/api.ts';
import { explainUnreachable } from '../../../performance_dashboard/src/view/explainUnreachable.ts';

const there = { status: null, origin: 'https://localhost', sameOrigin: false };
const certificate: Finding = {
  id: 'certificate',
  status: 'warn',
  what: 'Browsers do not trust https://localhost yet.',
  why: 'Weir signed it with its own certificate authority, which browsers do not know.',
  fix: '',
};
const down: Finding = {
  id: 'reach',
  status: 'fail',
  what: 'Nothing listens at https://localhost.',
  why: 'NGINX is not running.',
  fix: './weir start --all',
};
const commands = (explanation: ReturnType<typeof explainUnreachable>) =>
  explanation.steps.map(({ command }) => command);

describe('what to do when nothing answers', () => {
  it('takes a stack that answers the console, with an authority of its own, for an untrusted certificate', () => {
    const explanation = explainUnreachable(there, [certificate]);
    expect(explanation.title).toContain('does not trust the certificate of https://localhost');
    expect(explanation.offerCertificate).toBe(true);
    expect(commands(explanation)).toEqual(['./weir status', './weir doctor']);
  });

  it('repeats what the console found, its fix first', () => {
    const explanation = explainUnreachable(there, [down]);
    expect(explanation.title).toBe('Nothing listens at https://localhost.');
    expect(explanation.offerCertificate).toBe(false);
    expect(commands(explanation)).toEqual(['./weir start --all', './weir status', './weir doctor']);
  });

  it('knows the doctor’s own check of the trust, and its command', () => {
    const trust = { ...certificate, id: 'certificate_trust', fix: './weir certs trust' };
    const explanation = explainUnreachable(there, [trust]);
    expect(explanation.offerCertificate).toBe(true);
    expect(commands(explanation)[0]).toBe('./weir certs trust');
    expect(explainUnreachable(there, [{ ...down, what: 'the stack is not running' }]).title).toBe(
      'The stack is not running',
    );
    expect(explainUnreachable(there, [{ ...down, what: 'app-2 does not answer.' }]).title).toBe(
      'app-2 does not answer.',
    );
  });

  it('offers both causes where no console answers', () => {
    const explanation = explainUnreachable(there, null);
    expect(explanation.offerCertificate).toBe(true);
    expect(commands(explanation)[0]).toBe('./weir start --all');
    expect(explainUnreachable({ ...there, sameOrigin: true }, null).offerCertificate).toBe(false);
  });

  it('distinguishes stopped instances from a stopped balancer', () => {
    expect(explainUnreachable({ ...there, status: 502 }, null).title).toBe('NGINX runs, but no instance answers');
  });
});
