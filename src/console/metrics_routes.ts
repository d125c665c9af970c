import type { FastifyInstance } from 'fastify';
import { type ShortRequest, shortRequest } from '../stack/http_request.ts';
import type { StackServices } from './stack_services.ts';

/** Timeout per instance; Prometheus itself waits for ten seconds. */
const WITHIN_MS = 3_000;
/** Bound of one response; an instance sends tens of kilobytes. */
const MAX_LENGTH = 8 * 1024 * 1024;

const NO_INSTANCES = 'No instance is known. Run ./weir status to see what is running.';

/** `GET /metrics`: the metrics of all instances as one text. Not through NGINX, as they show all clients. */
export function registerMetrics(app: FastifyInstance, stack: StackServices): void {
  app.get('/metrics', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    const targets = [...(await stack.instanceRequests('/metrics'))];
    // Without instances the scrape must fail, not report a healthy deployment.
    if (targets.length === 0) return reply.code(503).send({ error: 'service_unavailable', message: NO_INSTANCES });
    const texts = await Promise.all(targets.map(async ([name, target]) => [name, await metricsAt(target)] as const));
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(mergeMetrics(new Map(texts)));
  });
}

async function metricsAt(target: ShortRequest): Promise<string | undefined> {
  const tooLong = new AbortController();
  let length = 0;
  const onData = (piece: string) => {
    length += piece.length;
    if (length > MAX_LENGTH) tooLong.abort();
  };
  try {
    const answer = await shortRequest({ ...target, timeoutMs: WITHIN_MS, signal: tooLong.signal, onData });
    return answer.status === 200 ? answer.body : undefined;
  } catch {
    return undefined;
  }
}

/** A metric with all of its samples. */
interface Family {
  /** The lines `# HELP` and `# TYPE` of the first instance that has them. */
  head: Map<string, string>;
  samples: string[];
}

const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*)(?: |$)/;
const LABEL = String.raw`([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"`;
/** Name, labels, and value with timestamp. */
const SAMPLE = new RegExp(
  String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{[ \t]*((?:${LABEL}[ \t]*,?[ \t]*)*)\})?[ \t]*(?<value>\S+(?:[ \t]+-?\d+)?)[ \t]*$`,
);
const LABELS = new RegExp(LABEL, 'g');
/** Suffixes of the samples of a histogram or a summary. */
const SUFFIX = /_(?:bucket|sum|count)$/;

/**
 * Merges the metrics of several instances in Prometheus' text format. Each sample gets the label `instance`; a label of
 * that name in the sample becomes `exported_instance`, as in Prometheus. `up` is 0 for an instance without a valid text.
 * @param texts by the name of the instance; undefined if it did not answer
 */
export function mergeMetrics(texts: ReadonlyMap<string, string | undefined>): string {
  const families = new Map<string, Family>();
  const up: string[] = [];
  for (const [instance, text] of texts) {
    const label = `instance="${escaped(instance)}"`;
    const own = text === undefined ? undefined : familiesOf(text, label);
    up.push(`up{${label}} ${own ? 1 : 0}`);
    for (const [name, { head, samples }] of own ?? []) {
      const family = familyOf(families, name);
      for (const [kind, line] of head) if (!family.head.has(kind)) family.head.set(kind, line);
      family.samples.push(...samples);
    }
  }
  const lines = [...families.values()].flatMap(({ head, samples }) => [...head.values(), ...samples]);
  const ours = ['# HELP up Whether the instance returned its metrics', '# TYPE up gauge', ...up];
  return `${[...ours, ...lines].join('\n')}\n`;
}

/** @returns undefined if a line is invalid, as a partial result would mislead */
function familiesOf(text: string, label: string): Map<string, Family> | undefined {
  const families = new Map<string, Family>();
  let current = '';
  for (const line of text.split('\n')) {
    const head = HEAD.exec(line);
    if (head) {
      const [, kind, name] = head as unknown as [string, string, string];
      familyOf(families, name).head.set(kind, line);
      current = name;
    } else if (line.trim() !== '' && !line.startsWith('#')) {
      const sample = SAMPLE.exec(line);
      if (!sample) return undefined;
      const [, name, labels = ''] = sample as unknown as [string, string, string | undefined];
      const family = name === current || name.replace(SUFFIX, '') === current ? current : name;
      familyOf(families, family).samples.push(
        `${name}{${[label, ...labelsOf(labels)].join(',')}} ${sample.groups?.value}`,
      );
    }
  }
  return families;
}

function familyOf(families: Map<string, Family>, name: string): Family {
  const known = families.get(name);
  if (known) return known;
  const family: Family = { head: new Map(), samples: [] };
  families.set(name, family);
  return family;
}

/** The values stay escaped. */
function labelsOf(labels: string): string[] {
  return [...labels.matchAll(LABELS)].map(([, name, value]) => {
    return `${name === 'instance' ? 'exported_instance' : name}="${value}"`;
  });
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
