import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { StreamSpan } from '../observe/stream_span.ts';
import { askOrigin, ProviderRefusal } from '../passthrough/ask_origin.ts';
import type { EventReader } from '../passthrough/event_reader.ts';
import type { Origin, OriginAnswer, OriginCall, Protocol } from '../passthrough/origin.ts';
import { heldAnswer } from '../provider/held_answer.ts';
import type { Answer, KeepRun, Provider } from '../provider/provider.ts';
import { type OpeningTools, RouteOpening } from './route_opening.ts';
import type { DoorRoute, RoutingTable } from './routing_table.ts';
import { isHeld, type RouteTarget, type SelectedRoute } from './selected_route.ts';

interface OpeningAbout {
  threadId: string;
  /** Who asks. */
  userId: string;
  /** Of the whole request. */
  signal: AbortSignal;
  /** Its context goes along to whoever is asked; undefined where traces are off. */
  span: StreamSpan | undefined;
}

/** Who answers requests: chooses along the configuration that holds now, and opens answers along what was chosen. */
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
  select({ provider, model }: Pick<StreamRequest, 'provider' | 'model'>): SelectedRoute<Provider> {
    return this.#table.select(provider, model, this.#tools.random());
  }

  /** @throws WeirError validation_error, service_unavailable */
  selectDoor(name: string, protocol: Protocol): DoorRoute {
    return this.#table.selectDoor(name, protocol, this.#tools.random());
  }

  /**
   * @param keepRun as {@link Provider.open}
   * @param onMove called before another target than the first is asked
   */
  open(
    route: SelectedRoute<Provider>,
    request: StreamRequest,
    about: OpeningAbout,
    keepRun?: KeepRun,
    onMove?: (target: RouteTarget<Provider>) => Promise<void>,
  ): RouteOpening<Provider, Answer> {
    const held = isHeld(route);
    return new RouteOpening(
      {
        ...about,
        route,
        held,
        ...(onMove && { onMove }),
        ask: async ({ source, model }, signal, onHead) => {
          const asked = model === request.model ? request : { ...request, model };
          const answer = await source.open(asked, signal, keepRun, about.span?.context);
          onHead();
          return held ? heldAnswer(answer, signal) : answer;
        },
      },
      this.#tools,
    );
  }

  /**
   * @param call the request as a target gets it, with its name for the model
   * @param reader makes one; undefined where no stream is wanted
   */
  pass(
    route: SelectedRoute<Origin>,
    call: (model: string) => OriginCall,
    reader: (() => EventReader) | undefined,
    about: OpeningAbout,
  ): RouteOpening<Origin, OriginAnswer> {
    // A whole answer says nothing before all of it is there.
    const held = reader !== undefined && isHeld(route);
    return new RouteOpening(
      {
        ...about,
        route,
        held,
        ask: ({ source, model }, signal) => {
          const asked = call(model);
          const headers = { ...asked.headers, ...about.span?.context };
          return askOrigin(source, { ...asked, headers }, signal, reader, held);
        },
      },
      this.#tools,
    );
  }
}

/** What the client hears where nobody answered: a refusal in the provider's own words, if that is what it was. */
export async function refusalAsAnswer(answer: Promise<OriginAnswer>): Promise<OriginAnswer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderRefusal) return error.answer;
    throw error;
  }
}
