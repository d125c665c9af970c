import { setTimeout as after } from 'node:timers/promises';
import { parseObject } from '../../formats/json_object.ts';
import { collectBody } from './collect_body.ts';
import type { PassedRequest, Upstream } from './upstream.ts';

/** A provider that takes longer is left out: a list is not waited for. */
const ASK_MS = 5_000;
/** Clients ask at every start; providers change theirs by the week. */
const KEEP_MS = 60_000;

/** The last second of 9999: what is beyond it is no date. */
const MAX_CREATED = 253_402_300_799;

/** A model as this gateway takes its name. */
export interface OfferedModel {
  /** `provider/model`, or a route's name. */
  id: string;
  /** Undefined for a route. */
  provider: string | undefined;
  /** Unix seconds; 0 where it is not known. */
  created: number;
  ownedBy: string;
}

/** The models that the providers list. One that does not answer lists none, and fails no request. */
export class ModelList {
  readonly #upstreams: () => readonly Upstream[];
  #kept: { until: number; upstreams: readonly Upstream[]; lists: Promise<OfferedModel[]>[] } | undefined;

  /** @param upstreams of now; another list of them is another list of models */
  constructor(upstreams: () => readonly Upstream[]) {
    this.#upstreams = upstreams;
  }

  /** Asked at most once a minute, however many ask. */
  async all(): Promise<OfferedModel[]> {
    return (await Promise.all(this.#lists())).flat();
  }

  /** Of those that answer within so many milliseconds; the others may be there the next time. */
  async within(ms: number): Promise<OfferedModel[]> {
    const late = after(ms, [] as OfferedModel[], { ref: false });
    return (await Promise.all(this.#lists().map((list) => Promise.race([list, late])))).flat();
  }

  #lists(): Promise<OfferedModel[]>[] {
    const now = performance.now();
    const upstreams = this.#upstreams();
    if (this.#kept && this.#kept.until >= now && this.#kept.upstreams === upstreams) return this.#kept.lists;
    // A list with a hole in it is not kept.
    const onHole = () => {
      if (this.#kept?.lists === lists) this.#kept = undefined;
      return [];
    };
    const usable = upstreams.filter((upstream) => upstream.unusable() === undefined);
    const lists: Promise<OfferedModel[]>[] = usable.map((upstream) => modelsOf(upstream).catch(onHole));
    this.#kept = { until: now + KEEP_MS, upstreams, lists };
    return lists;
  }
}

async function modelsOf(upstream: Upstream): Promise<OfferedModel[]> {
  if (!upstream.call || !upstream.modelsRequest) return [];
  const request: PassedRequest = { ...upstream.modelsRequest, silenceMs: ASK_MS };
  const answer = await upstream.call(request, AbortSignal.timeout(ASK_MS));
  const body = await collectBody(answer);
  if (answer.status !== 200) return [];
  const data = parseObject(Buffer.from(body, 'latin1').toString())?.data;
  return (Array.isArray(data) ? data : []).flatMap((model: Partial<Record<string, unknown>> | null) => {
    if (typeof model?.id !== 'string') return [];
    const ownedBy = typeof model.owned_by === 'string' ? model.owned_by : upstream.name;
    return [{ id: `${upstream.name}/${model.id}`, provider: upstream.name, created: createdOf(model), ownedBy }];
  });
}

/** OpenAI's servers give seconds, Anthropic's a date. */
function createdOf({ created, created_at }: Partial<Record<string, unknown>>): number {
  const seconds = typeof created_at === 'string' ? Math.floor(Date.parse(created_at) / 1000) : created;
  return Number.isInteger(seconds) && Math.abs(seconds as number) <= MAX_CREATED ? (seconds as number) : 0;
}
