import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { ClusterView, InstanceView, ModelsView } from '../../src/formats/cluster/cluster_view.ts';
import type { UsageView, UserUsage } from '../../src/formats/cluster/usage_row.ts';
import type { LoadPlan } from '../../src/load/load_plan.ts';
import type { LoadRun } from '../../src/load/load_run.ts';
import { SimulatedRun } from './simulated_run.ts';

/** The console's own address, for pages that came through NGINX. */
const CONSOLE_URL = 'http://localhost:3055';
const DIST = path.resolve(import.meta.dirname, '../../performance_dashboard/dist');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** What the page sees; may be changed at any time. */
export interface FakeScript {
  canRun: boolean;
  canDrill: boolean;
  /** Whether the console requires a login: then it does nothing else. */
  login: boolean;
  /** `X-Gateway-Via` of the API's answers. */
  via: 'nginx' | null;
  /** Instances that should be running. */
  instances: string[];
  /** Those of them that do not answer. */
  frozen: string[];
  /** Whether updates of the cluster arrive: `silent` keeps the connection open, `gone` refuses it, `hang` does not respond. */
  cluster: 'live' | 'silent' | 'gone' | 'hang';
  /** How a run goes: `hang` sends nothing more, `drop` cuts its events, `fail` ends it, `refuse` starts none. */
  run: 'whole' | 'hang' | 'drop' | 'fail' | 'refuse';
  /** Of one simulated stream. */
  streamMs: number;
  /** Of each instance. */
  slots: number;
  findings: object[];
  /** Answers `POST /api/v1/stream`, and `GET` of a thread; undefined: 404. */
  stream: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** Whether the console answers questions about runs and findings at all. */
  console: 'answers' | 'fails';
  runs: LoadRun[];
  usage: UsageView & { key_names: Record<string, string>; users?: UserUsage[] };
  /** The key that the API requires; undefined: none. */
  apiKey: string | undefined;
  /** Circuits of an instance's providers. */
  breakersOf: (id: string) => Record<string, string>;
}

export interface FakeConsole {
  url: string;
  script: FakeScript;
  /** Methods and paths of the page's requests, in order. */
  asked: string[];
  stop(): Promise<void>;
}

/** Serves the dashboard's files, and scripted responses of the console and of the API. */
export async function startFakeConsole(script: Partial<FakeScript> = {}): Promise<FakeConsole> {
  const fake = new Fake({
    canRun: true,
    canDrill: true,
    login: false,
    via: 'nginx',
    instances: ['app-1', 'app-2', 'app-3'],
    frozen: [],
    cluster: 'live',
    run: 'whole',
    streamMs: 600,
    slots: 3,
    findings: [],
    stream: undefined,
    console: 'answers',
    runs: [],
    usage: { from: '2026-11-19', to: '2026-11-25', rows: [], key_names: {} },
    apiKey: undefined,
    breakersOf: () => ({ openai: 'closed' }),
    ...script,
  });
  const server = createServer((request, response) => void fake.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url: fake.url,
    script: fake.script,
    asked: fake.asked,
    async stop() {
      fake.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Fake {
  url = '';
  readonly script: FakeScript;
  readonly asked: string[] = [];
  readonly #runs = new Map<string, SimulatedRun>();
  #count = 0;

  constructor(script: FakeScript) {
    this.script = script;
  }

  end(): void {
    for (const simulated of this.#runs.values()) simulated.end('cancelled');
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const json = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json', ...this.#gatewayHeaders() });
      response.end(JSON.stringify(body));
    };
    if (pathname === '/config.json') {
      const { canRun, canDrill, login, instances } = this.script;
      const page = { apiBaseUrl: `${this.url}/api/v1`, instances, consoleUrl: CONSOLE_URL };
      return json(200, { ...page, canRun: canRun && !login, canDrill: canDrill && !login, login });
    }
    if (pathname === '/api/v1/cluster/events') return this.#clusterEvents(response);
    if (pathname === '/api/v1/models') {
      const { apiKey } = this.script;
      const isLetIn = apiKey === undefined || request.headers.authorization === `Bearer ${apiKey}`;
      return isLetIn ? json(200, MODELS) : json(401, { error: 'unauthorized', message: 'This API key is not known.' });
    }
    if (pathname.startsWith('/api/v1/stream') && this.script.stream) return this.script.stream(request, response);
    if (pathname.startsWith('/api/v1/')) return json(404, { error: 'not_found', message: 'Not scripted.' });
    if (!pathname.startsWith('/api/')) return this.#file(pathname, response);
    this.asked.push(`${request.method} ${pathname}`);
    if (this.script.login)
      return json(401, { error: 'login_required', message: 'Log in first: run "./weir dashboard".' });
    if (this.script.console === 'fails') return json(500, { error: 'internal', message: 'The history is locked.' });
    if (pathname === '/api/diagnose') return json(200, { findings: this.script.findings });
    if (pathname === '/api/usage') return json(200, { users: [], ...this.script.usage });
    if (pathname === '/api/drills') return json(202, {});
    if (pathname === '/api/comparison') return json(201, await this.#compare());
    return this.#runsApi(request, pathname.split('/').slice(3), response, json);
  }

  async #runsApi(
    request: IncomingMessage,
    [id, part]: string[],
    response: ServerResponse,
    json: (status: number, body: object) => void,
  ): Promise<void> {
    if (id === undefined) {
      if (request.method === 'GET') return json(200, { runs: this.#all() });
      if (this.script.run === 'refuse') {
        return json(409, {
          error: 'run_in_progress',
          message: 'Another load test is running; wait for it, or stop it.',
        });
      }
      const { plan } = JSON.parse(await bodyOf(request)) as { plan: LoadPlan };
      return json(201, { id: this.#start(plan).run.id });
    }
    const simulated = this.#runs.get(id);
    if (part === 'events' && simulated) return this.#events(simulated, response);
    if (part === 'stop') {
      simulated?.end('cancelled');
      return json(202, {});
    }
    if (request.method === 'DELETE') {
      this.#runs.delete(id);
      this.script.runs = this.script.runs.filter((run) => run.id !== id);
      return json(200, {});
    }
    const run = simulated?.run ?? this.script.runs.find((known) => known.id === id);
    return run ? json(200, run) : json(404, { error: 'not_found', message: 'There is no such run.' });
  }

  #all(): LoadRun[] {
    return [...[...this.#runs.values()].map(({ run }) => run).reverse(), ...this.script.runs];
  }

  #start(plan: LoadPlan): SimulatedRun {
    const simulated = new SimulatedRun(`run-${++this.#count}`, plan, this.script);
    this.#runs.set(simulated.run.id, simulated);
    return simulated;
  }

  async #compare(): Promise<object> {
    const plan = (target: NonNullable<LoadPlan['target']>): LoadPlan => ({
      url: this.url,
      mode: { kind: 'closed', concurrency: 10, requests: 10 },
      warmupMs: 0,
      prompt: 'p',
      model: 'demo',
      provider: 'fake',
      users: 1,
      api: 'weir',
      target,
    });
    const balanced = this.#start(plan({ kind: 'balanced' }));
    const single = this.#start(plan({ kind: 'instance', name: 'app-1' }));
    return { balanced: balanced.run.id, single: single.run.id, single_instance: 'app-1' };
  }

  async #events(simulated: SimulatedRun, response: ServerResponse): Promise<void> {
    const { run, updates, summary } = simulated;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const send = (event: string, data: unknown) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const push = () => {
      if (this.script.run === 'hang') return;
      for (; sent < updates.length; sent++) send(updates[sent]!.event, [updates[sent]!.data]);
      send('snapshot', run.snapshot ?? summary.snapshot(simulated.clock));
      if (this.script.run === 'drop') response.destroy();
      if (this.script.run === 'fail') simulated.end('failed');
    };
    push();
    const timer = setInterval(push, 200);
    response.once('close', () => clearInterval(timer));
    await simulated.ended;
    clearInterval(timer);
    push();
    const message = run.state === 'failed' ? { message: 'The generator ran out of files: raise "ulimit -n".' } : {};
    send('end', { state: run.state, report: run.report, ...message });
    response.end();
  }

  #clusterEvents(response: ServerResponse): void {
    if (this.script.cluster === 'hang') return;
    if (this.script.cluster === 'gone') {
      response.writeHead(502).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', ...this.#gatewayHeaders() });
    const push = () => {
      if (this.script.cluster === 'gone') response.destroy();
      if (this.script.cluster !== 'live') return;
      response.write(`event: cluster\ndata: ${JSON.stringify(this.#cluster())}\n\n`);
    };
    push();
    const timer = setInterval(push, 500);
    response.once('close', () => clearInterval(timer));
  }

  #gatewayHeaders(): Record<string, string> {
    return this.script.via === null ? {} : { 'x-gateway-via': this.script.via, 'x-instance-id': 'app-1' };
  }

  #cluster(): ClusterView {
    const active: Record<string, number> = {};
    for (const { run, summary, clock } of this.#runs.values()) {
      if (run.state !== 'running') continue;
      for (const [id, n] of Object.entries(summary.snapshot(clock).active_by_instance))
        active[id] = (active[id] ?? 0) + n;
    }
    const announced = this.script.instances.filter((id) => !this.script.frozen.includes(id));
    const instances = announced.map((id) => instanceView(id, active[id] ?? 0, this.script.breakersOf(id)));
    const active_streams = instances.reduce((sum, instance) => sum + instance.active_streams, 0);
    return {
      timestamp: new Date().toISOString(),
      instance: announced[0] ?? 'app-1',
      redis: 'connected',
      instances,
      totals: { active_streams, max_connections: 10 * instances.length, instances: instances.length },
    };
  }

  async #file(pathname: string, response: ServerResponse): Promise<void> {
    const file = path.join(DIST, pathname === '/' ? 'index.html' : path.normalize(pathname));
    const body = await readFile(file).catch(() => null);
    const type = TYPES[path.extname(file)] ?? 'image/svg+xml';
    response.writeHead(body ? 200 : 404, { 'content-type': type }).end(body ?? '');
  }
}

function instanceView(id: string, active: number, breakers: Record<string, string>): InstanceView {
  return {
    id,
    boot: id,
    state: 'ready',
    active_streams: active,
    streams_total: 120 + active,
    users: active > 0 ? 1 : 0,
    pool: {
      state: active >= 7 ? 'degraded' : 'healthy',
      total_connections: active,
      max_connections: 10,
      max_connections_per_user: 3,
      users: active > 0 ? 1 : 0,
      scope: 'instance',
    },
    breakers,
    version: '0.1.0',
    started_at: new Date().toISOString(),
  };
}

const MODELS: ModelsView = {
  default_provider: 'fake',
  providers: [
    { name: 'fake', usable: true, speaks: ['chat'], models: ['demo'], any_model: true },
    {
      name: 'openai',
      usable: false,
      reason: 'OPENAI_API_KEY is not set.',
      speaks: ['chat'],
      models: [],
      any_model: true,
    },
  ],
  routes: [],
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
