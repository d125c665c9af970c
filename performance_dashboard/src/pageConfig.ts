import { API_BASE_URL } from './api.ts';

/** Where no console serves the page. */
const UNSERVED = { canRun: false, canDrill: false, login: false, instances: [], consoleUrl: 'http://localhost:3001' };

/** A console that hangs must not leave the page empty. */
const CONFIG_WITHIN_MS = 2_000;

/** What the server of the page says in /config.json. */
export interface PageConfig {
  apiBaseUrl: string;
  /** Whether the console runs load tests for this page. */
  canRun: boolean;
  /** Whether it kills and starts instances for this page. */
  canDrill: boolean;
  /** Whether the console wants a login before it shows or does more. */
  login: boolean;
  /** Names of the instances that there should be; none where that is not known. */
  instances: readonly string[];
  /** The console's own address, at which it knows the account of the stack. */
  consoleUrl: string;
}

/**
 * The API's base, and what the console does for this page. A build that was given VITE_API_BASE_URL keeps to it;
 * otherwise the server of the page knows on which port NGINX listens, and says so in /config.json.
 */
export async function loadConfig(): Promise<PageConfig> {
  const built = import.meta.env.VITE_API_BASE_URL;
  const config = { ...UNSERVED, apiBaseUrl: absolute(API_BASE_URL) };
  try {
    const served = await fetchConfig();
    if (built || !served.apiBaseUrl) return { ...config, ...served, apiBaseUrl: config.apiBaseUrl };
    return { ...config, ...served, apiBaseUrl: absolute(served.apiBaseUrl) };
  } catch {
    // Served by something else than the console (vite's own server), or it hangs: the defaults stand.
    return config;
  }
}

/** @throws Error where no answer comes within two seconds */
async function fetchConfig(): Promise<Partial<PageConfig>> {
  const response = await fetch('/config.json', { cache: 'no-store', signal: AbortSignal.timeout(CONFIG_WITHIN_MS) });
  return (await response.json()) as Partial<PageConfig>;
}

/** Names of the instances that there should be now; undefined where the console does not answer. */
export const fetchExpected = (): Promise<readonly string[] | undefined> =>
  fetchConfig().then(
    ({ instances }) => instances,
    () => undefined,
  );

function absolute(url: string): string {
  return new URL(url, window.location.href).href.replace(/\/+$/, '');
}
