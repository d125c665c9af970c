import type { Dispatcher, Agent as UndiciAgent } from 'undici';
import { WeirError } from '../../formats/error_code.ts';
import { smallReads } from './small_reads.ts';
import { Agent, request } from './undici_parts.ts';

/**
 * Connections to one provider. HTTP/2 would put every stream on one of them, with its flow control; deadlines are our
 * own, in the call.
 */
export class ProviderAgent {
  readonly #connectMs: number;
  #agent: UndiciAgent;
  #retired = false;

  constructor(connectMs: number) {
    this.#connectMs = connectMs;
    this.#agent = this.#connections();
  }

  dispatch(options: Dispatcher.DispatchOptions & { origin: string }, handler: Dispatcher.DispatchHandler): void {
    if (!this.#retired) {
      this.#agent.dispatch(options, handler);
      return;
    }
    // Who began with this configuration ends with it: a try that comes late, or a run that is to be cancelled.
    const agent = this.#connections();
    agent.dispatch(options, handler);
    void agent.close();
  }

  request(options: Dispatcher.RequestOptions & { origin: string }): Promise<Dispatcher.ResponseData> {
    if (!this.#retired) return request(this.#agent, options);
    const agent = this.#connections();
    const answer = request(agent, options);
    void agent.close();
    return answer;
  }

  /** Another configuration holds: each connection is closed when its last call has ended. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.#agent.close();
  }

  /** Ends idle connections, and the running calls with them. */
  async close(): Promise<void> {
    await this.#agent.destroy(new WeirError('draining'));
  }

  #connections(): UndiciAgent {
    return new Agent({
      allowH2: false,
      connect: smallReads(this.#connectMs),
      connections: null,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}
