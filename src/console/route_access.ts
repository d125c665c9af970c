/**
 * What a request needs. `open`: nothing; it shows what any visitor of the page may see. `read`: a login, or the stack's
 * own account at the console's own port. `change`: the same, and the headers that no other site's page can send.
 */
export type RouteAccess = 'open' | 'read' | 'change';

/**
 * Every route of the console, on whichever surface it is served; a console with a route that is not here does not start.
 * Prompts, names, paths, process ids, and whatever changes or spends something, are never open.
 */
export const ROUTES: Readonly<Record<string, RouteAccess>> = {
  'GET /': 'open',
  'GET /*': 'open',
  'GET /healthz': 'open',
  'GET /config.json': 'open',
  'GET /login': 'open',
  // At the console's own port only, where Prometheus, as an account of its own, asks for it.
  'GET /metrics': 'open',
  'GET /api/diagnose': 'read',
  'GET /api/services': 'read',
  'GET /api/usage': 'read',
  'GET /api/compare': 'read',
  'GET /api/runs': 'read',
  'GET /api/runs/:id': 'read',
  'GET /api/runs/:id/events': 'read',
  'GET /api/runs/:id/report.json': 'read',
  'GET /api/runs/:id/report.csv': 'read',
  'GET /api/runs/:id/report.html': 'read',
  'POST /api/runs': 'change',
  'POST /api/runs/import': 'change',
  'POST /api/runs/:id/stop': 'change',
  'DELETE /api/runs/:id': 'change',
  'POST /api/comparison': 'change',
  'POST /api/drills': 'change',
  'POST /api/logins': 'change',
};

/**
 * @param path the route's pattern; undefined where no route was met, which is answered by the page or by 404
 * @throws Error for a route that is not in the table
 */
export function routeAccess(method: string, path: string | undefined): RouteAccess {
  if (path === undefined) return 'open';
  const route = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  const access = ROUTES[route];
  if (access === undefined) throw new Error(`The route ${route} does not say in route_access.ts who may use it.`);
  return access;
}
