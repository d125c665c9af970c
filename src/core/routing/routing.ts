import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { SpanTarget, StreamSpan } from '../observe/stream_span.ts';
import { heldAnswer } from '../upstream/held_answer.ts';
import type { Answer, ClientFormat, KeepRun, UpstreamRequest } from '../upstream/upstream.ts';
import type { Conversation, FindConversation } from './affinity.ts';
import { type OpeningTools, RouteOpening } from './route_opening.ts';
import type { RoutingTable } from './routing_table.ts';
import { isHeld, type RouteTarget, type SelectedRoute } from './selected_route.ts';

interface OpeningAbout {
  threadId: string;
  /** The client. */
  userId: string;
  /** Of the whole request. */
  signal: AbortSignal;
  /** Its context goes along to each target; undefined where traces are off. */
  span: StreamSpan | undefined;
  /** As in CallContext. */
  keepRun?: KeepRun | undefined;
  /** Called before another target than the first is asked. */
  onMove?: ((target: RouteTarget) => Promise<void>) | undefined;
}

const NO_CONVERSATION: FindConversation = () => undefined;

/** Looks for the conversation when it is first asked for, and only then. */
function once(find: FindConversation): FindConversation {
  let found: { conversation: Conversation | undefined } | undefined;
  return () => {
    found ??= { conversation: find() };
    return found.conversation;
  };
}

/** Chooses targets along the configuration that holds now, and opens answers along what was chosen. */
export class Routing {
  readonly #tools: OpeningTools;
  #table: RoutingTable;

  constructor(table: RoutingTable, tools: OpeningTools) {
    this.#table = table;
    this.#tools = tools;
  }

  /** The configuration that holds now. What was chosen before it came is served to its end as it was chosen. */
  get table(): RoutingTable {
    return this.#table;
  }

  replace(table: RoutingTable): void {
    this.#table = table;
  }

  /** @throws WeirError validation_error, service_unavailable */
  select(
    { provider, model }: Pick<StreamRequest, 'provider' | 'model'>,
    conversation = NO_CONVERSATION,
  ): SelectedRoute {
    return this.#table.select(provider, model, { random: this.#tools.random(), conversation: once(conversation) });
  }

  /** @throws WeirError validation_error, service_unavailable */
  selectNamed(name: string, format: ClientFormat, conversation = NO_CONVERSATION): SelectedRoute {
    return this.#table.selectNamed(name, format, { random: this.#tools.random(), conversation: once(conversation) });
  }

  open(route: SelectedRoute, request: UpstreamRequest, about: OpeningAbout): RouteOpening<Answer> {
    const { keepRun, onMove, ...rest } = about;
    // A whole answer says nothing before all of it is there.
    const mayFail = isHeld(route);
    const held = mayFail && request.stream;
    return new RouteOpening<Answer>(
      {
        ...rest,
        route,
        held,
        ...(onMove && { onMove }),
        prepare: ({ upstream, model }) => upstream.prepare(request, model),
        ask: async ({ upstream, model }, signal, onHead) => {
          const answer = await upstream.open(request, model, { signal, keepRun, trace: about.span?.context });
          onHead();
          return held || (mayFail && answer.kind === 'parts')
            ? heldAnswer(answer, request.parser?.(), upstream.name, signal)
            : answer;
        },
      },
      this.#tools,
    );
  }
}

/**
 * Looks for a target that the request can be said to, before anything is taken for it.
 * @throws WeirError where there is none: why the first one can't be asked
 */
export function refuseUnsaid({ targets }: SelectedRoute, request: UpstreamRequest): void {
  let refusal: unknown;
  for (const { upstream, model } of targets) {
    try {
      upstream.prepare(request, model);
      return;
    } catch (error) {
      refusal ??= error;
    }
  }
  throw refusal;
}

/**
 * The fields of a request that a target's format has no place for, and that change no answer.
 * @returns none of a kept answer whose request has been let go
 */
export function droppedFields(
  { targets }: SelectedRoute,
  request: UpstreamRequest,
  { provider, model }: SpanTarget,
): readonly string[] {
  const target = targets.find((each) => each.provider === provider && each.model === model);
  try {
    return target?.upstream.prepare(request, model) ?? [];
  } catch {
    return [];
  }
}
