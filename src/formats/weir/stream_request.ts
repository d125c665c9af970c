import { z } from 'zod';

/** Faults that the `fake` provider can be asked to have; `@N` means after N tokens of any kind. */
const FAULT = /^(none|error_before_head|hang_before_head|rate_limit|(cut|error|hang)@\d{1,6})$/;

/** Knobs of the `fake` provider; the defaults give 100 tokens at 50 a second after 300 ms. */
export const fakeOptionsSchema = z.object({
  seed: z.number().int().min(0).max(0xffff_ffff).default(42),
  tokens: z.number().int().min(0).max(100_000).default(100),
  /** 0 means as fast as the reader reads. */
  tokens_per_second: z.number().min(0).max(100_000).default(50),
  ttft_ms: z.number().min(0).max(600_000).default(300),
  /** Share by which each gap may vary, 0 to 1. */
  jitter: z.number().min(0).max(1).default(0),
  /** Sent instead of the made-up prose, cut into tokens; `tokens` then does not count. */
  text: z.string().max(100_000).optional(),
  /** Thoughts before the text; sent to clients whose format has them. */
  reasoning_tokens: z.number().int().min(0).max(100_000).default(0),
  /** Calls of tools after the text, with arguments in pieces. */
  tool_calls: z.number().int().min(0).max(16).default(0),
  fault: z
    .string()
    .regex(FAULT, 'one of none, error_before_head, hang_before_head, rate_limit, cut@N, error@N, hang@N')
    .default('none'),
});

export type FakeOptions = z.infer<typeof fakeOptionsSchema>;

const messageSchema = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })).max(10_000), z.null()]).optional(),
});

/** Body of `POST /api/v1/stream`; unknown fields are ignored. */
export const streamRequestSchema = z
  .object({
    query: z.string().min(1).max(100_000).optional(),
    messages: z.array(messageSchema).min(1).max(10_000).optional(),
    model: z.string().min(1).max(200),
    provider: z.string().min(1).max(100).optional(),
    stream: z.literal(true).optional(),
    resumable: z.boolean().default(false),
    /** Also sends `reasoning` and `tool_call` events. */
    parts: z.boolean().optional(),
    temperature: z.number().min(0).max(2).optional(),
    max_tokens: z.number().int().min(1).max(10_000_000).optional(),
    fake: fakeOptionsSchema.optional(),
  })
  .superRefine((body, context) => {
    if ((body.query === undefined) === (body.messages === undefined)) {
      context.addIssue({ code: 'custom', path: ['query'], message: 'send exactly one of query and messages' });
    }
  });

/** A valid request, defaults filled in. */
export type StreamRequest = z.output<typeof streamRequestSchema>;

/** `X-Thread-ID`: 1 to 128 of these. */
export const THREAD_ID = /^[A-Za-z0-9_-]{1,128}$/;
