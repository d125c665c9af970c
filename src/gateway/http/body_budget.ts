import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WeirError } from '../../formats/error_code.ts';

/** Images come inside the body. */
const LARGEST = 32 * 1024 * 1024;
/** Bodies up to here are what any request may bring. */
const SMALL = 1024 * 1024;
/** All larger ones together, as they are kept until their provider has answered. */
const BUDGET = 512 * 1024 * 1024;
/** What a body takes on top of itself while it is written in another format: its values, and the other body twice. */
const COPIES = 3;

/** Bounds the memory that large bodies take, by what they say of themselves before they are read. */
export class BodyBudget {
  #taken = 0;

  /** Has the routes of this scope take large bodies: JSON, as its bytes. */
  admit(app: FastifyInstance): void {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: LARGEST }, (_, body, done) =>
      done(null, body),
    );
    app.addHook('onRequest', (request, reply, done) => {
      this.take(request, reply);
      done();
    });
  }

  /**
   * Takes room for a request's body until its answer is over; one that doesn't say its size counts as the largest.
   * @throws WeirError service_unavailable
   */
  take(request: FastifyRequest, reply: FastifyReply): void {
    const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
    const declared = chunked === undefined ? Number(length ?? 0) : LARGEST;
    if (!(declared > SMALL)) return;
    // One that is larger than allowed is refused by its own name later on.
    this.#hold(Math.min(declared, LARGEST), reply);
  }

  /**
   * Takes room for what is made of a body of so many bytes.
   * @returns gives the room back, but for so many bytes; the end of the answer gives all of it back
   * @throws WeirError service_unavailable
   */
  takeForCopies(bytes: number, reply: FastifyReply): (stays?: number) => void {
    return bytes > SMALL ? this.#hold(COPIES * bytes, reply) : () => {};
  }

  #hold(size: number, reply: FastifyReply): (stays?: number) => void {
    if (this.#taken + size > BUDGET) {
      throw new WeirError('service_unavailable', {
        message: 'Too many large requests at once; try again in a few seconds.',
        details: { reason: 'large_bodies', current: this.#taken, max: BUDGET },
        retryAfter: 2,
      });
    }
    this.#taken += size;
    let held = size;
    const giveBack = (stays = 0) => {
      const before = held;
      held = Math.min(stays, before);
      this.#taken -= before - held;
    };
    reply.raw.once('close', () => giveBack());
    return giveBack;
  }
}
