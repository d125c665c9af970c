import { API_BASE_URL } from './api.ts';

/** Used if no console serves the page. */
const UNSERVED = { canRun: false, canDrill: false, login: false, instances: [], consoleUrl: 'http://localhost:3001' };

/** The page must appear even if the console hangs. */
const CONFIG_WITHIN_MS = 2_000;

/** Content of /config.json. */
export interface PageConfig {
  apiBaseUrl: string;
  /** Whether the console runs load tests for this page. */
  canRun: boolean;
  /** Whether it kills and starts instances for this page. */
  canDrill: boolean;
  /** Whether the console requires a login before it shows or does more. */
  login: boolean;
  /** Names of the instances that should be running; empty if unknown. */
  instances: readonly string[];
  /** The console's own address. There, the account that runs the stack needs no login. */
  consoleUrl: string;
}

/**
 * The address of the API, and what the console does for this page. VITE_API_BASE_URL, set at build time, comes first;
 * otherwise /config.json names the port of NGINX.
 */
export async function loadConfig(): Promise<PageConfig> {
  const built = import.meta.env.VITE_API_BASE_URL;
  const config = { ...UNSERVED, apiBaseUrl: absolute(API_BASE_URL) };
  try {
    const served = await fetchConfig();
    if (built || !served.apiBaseUrl) return { ...config, ...served, apiBaseUrl: config.apiBaseUrl };
    return { ...config, ...served, apiBaseUrl: absolute(served.apiBaseUrl) };
  } catch {
    // Vite's own server serves the page, or the console hangs.
    return config;
  }
}

/** @throws Error if there is no response within two seconds */
async function fetchConfig(): Promise<Partial<PageConfig>> {
  const response = await fetch('/config.json', { cache: 'no-store', signal: AbortSignal.timeout(CONFIG_WITHIN_MS) });
  return (await response.json()) as Partial<PageConfig>;
}

/** Names of the instances that should be running now; undefined if the console does not answer. */
export const fetchExpected = (): Promise<readonly string[] | undefined> =>
  fetchConfig().then(
    ({ instances }) => instances,
    () => undefined,
  );

function absolute(url: string): string {
  return new URL(url, window.location.href).href.replace(/\/+$/, '');
}
