import { z } from 'zod';
import { readJsonFile } from '../json_file.ts';
import type { StackLayout } from '../stack_layout.ts';
import { DEFAULT_STACK_OPTIONS, differingOptions, type StackOptions, stackOptionsSchema } from '../stack_options.ts';
import { readPlan } from '../supervisor/control_client.ts';
import type { ServiceStatus } from '../supervisor/service_spec.ts';

/** Part of the path that a check is about, for a page that shows them in groups. */
export type Area = 'page' | 'nginx' | 'instances' | 'redis' | 'machine';

/** Every check by its stable name, with its area. */
const AREAS = {
  runtime: 'machine',
  file_limit: 'machine',
  disk: 'machine',
  clock: 'machine',
  supervisor: 'machine',
  nginx_installed: 'nginx',
  certificate: 'nginx',
  nginx_config: 'nginx',
  shared_zone: 'nginx',
  vanished_clients: 'nginx',
  ports: 'nginx',
  nginx_running: 'nginx',
  certificate_trust: 'nginx',
  unbuffered: 'nginx',
  balance: 'nginx',
  instances_alive: 'instances',
  instances_reachable: 'instances',
  config_file: 'instances',
  provider_keys: 'instances',
  providers: 'instances',
  redis_installed: 'redis',
  redis_server: 'redis',
  redis: 'redis',
  dashboard: 'page',
  api_url: 'page',
  cors: 'page',
} as const satisfies Record<string, Area>;

export type CheckId = keyof typeof AREAS;

/** What one check found. */
export interface Check {
  /** Stable name, for programs. */
  id: CheckId;
  result: 'ok' | 'warn' | 'fail';
  /** What was found, in one sentence. */
  what: string;
  /** Why it matters or how it comes about; empty when all is well. */
  why: string;
  /** The command that fixes it, or an action where no command can; empty when all is well. */
  fix: string;
  area: Area;
}

/** What the checks look at. */
export interface DoctorContext {
  layout: StackLayout;
  options: StackOptions;
  /** Like PATH. */
  searchPath: string;
  uid: number;
  /** The user's folder, with the browsers' profiles. */
  home: string | undefined;
  /** With providers and routes; undefined where there is none. */
  configFile: string | undefined;
  /** `VITE_API_BASE_URL`, where one is set. */
  apiBaseUrl: string | undefined;
}

/** What runs, as it was when the doctor began. */
export interface Situation {
  services: ServiceStatus[];
  nginxRuns: boolean;
}

/** The command that starts this stack from nothing: `start` knows the usual options only, `restart` those of last time. */
export function startCommand({ options }: DoctorContext): string {
  const isUsual = differingOptions(options, { ...DEFAULT_STACK_OPTIONS, all: true }).length === 0;
  return isUsual || !options.all ? './weir start --all' : './weir restart';
}

/** All is well. */
export function ok(id: CheckId, what: string): Check {
  return { id, result: 'ok', what, why: '', fix: '', area: AREAS[id] };
}

/** Works, but not as it should. */
export function warn(id: CheckId, what: string, why: string, fix: string): Check {
  return { id, result: 'warn', what, why, fix, area: AREAS[id] };
}

/** Does not work. */
export function fail(id: CheckId, what: string, why: string, fix: string): Check {
  return { id, result: 'fail', what, why, fix, area: AREAS[id] };
}

/** What a process beside a native stack needs to run the doctor. Passed as JSON. */
export const doctorPlaceSchema = z.object({
  layout: z.custom<StackLayout>((value) => typeof value === 'object' && value !== null),
  searchPath: z.string(),
  uid: z.number(),
  home: z.string().optional(),
});
export type DoctorPlace = z.infer<typeof doctorPlaceSchema>;

/** The doctor's context there, with the options that hold now (`scale` changes them). */
export function doctorContext({ layout, searchPath, uid, home }: DoctorPlace): DoctorContext {
  const options = stackOptionsSchema.safeParse(readJsonFile(layout.optionsFile)).data;
  return {
    layout,
    options: options ?? { ...DEFAULT_STACK_OPTIONS, all: true },
    searchPath,
    uid,
    home,
    configFile: readPlan(layout.planFile)?.settings.configFile,
    // The build itself knows; see `builtApiBaseUrl`.
    apiBaseUrl: undefined,
  };
}
