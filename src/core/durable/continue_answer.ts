import { WeirError } from '../../formats/error_code.ts';
import type { SelectedRoute } from '../routing/selected_route.ts';
import type { PartAnswer } from '../upstream/upstream.ts';
import type { DurableCore } from './durable_core.ts';
import { keepRun } from './keep_run.ts';
import type { LogFormat, ResumedStream } from './log_format.ts';
import type { ResumableRecord } from './resumable_record.ts';
import type { ResumableStream } from './resumable_stream.ts';

/** A prompt that kills its instance must not kill them all. */
const MAX_TAKEOVERS = 3;

/**
 * The rest of an answer whose producer died, from a provider that can go on exactly where it stopped: by resuming its
 * own stream, by continuing a given text, or by saying the same again. Never a guess.
 * @throws WeirError producer_lost where none of that can be had
 */
export async function continueAnswer(
  core: DurableCore,
  stream: ResumableStream,
  format: LogFormat,
  before: ResumedStream,
): Promise<PartAnswer> {
  const { record, abort, span } = stream;
  const { texts, ended } = before;
  // Nothing is missing but its terminal.
  if (ended) return { kind: 'parts', start: (consumer) => consumer.end(ended), resume() {} };
  const route = selectAgain(core, record);
  const provider = route.targets[0].upstream;
  const run = record.providerRun;
  // What repeats an answer says all of it again.
  const said = run !== undefined || provider.isFake ? before.said : undefined;
  if (record.takeovers > MAX_TAKEOVERS || !stream.request || !(before.canGoOn || said)) {
    if (run !== undefined) provider.dropRun?.(run);
    throw new WeirError('producer_lost');
  }
  const request = format.request(stream.request, record);
  // There is no text, and nothing runs: any answer is the answer.
  if (texts.length === 0 && before.canGoOn && run === undefined) {
    const about = { threadId: record.id, userId: record.userId, signal: abort.signal, span };
    const opening = core.routing.open(route, request, {
      ...about,
      keepRun: (name) => keepRun(core, stream, name),
    });
    return (await opening.answer) as PartAnswer;
  }
  if (!provider.continueFrom) throw new WeirError('producer_lost');
  return provider.continueFrom(request, record.model, said ?? texts, run, {
    signal: abort.signal,
    trace: span?.context,
  });
}

/** The provider that gave the text so far. @throws WeirError producer_lost where it is no longer configured */
function selectAgain(core: DurableCore, { provider, model }: ResumableRecord): SelectedRoute {
  try {
    return core.routing.select({ provider, model });
  } catch (error) {
    throw new WeirError('producer_lost', { cause: error });
  }
}
