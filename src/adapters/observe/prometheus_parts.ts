import { createRequire } from 'node:module';
import type prometheus from 'prom-client';

/**
 * What is used of prom-client. Its index also loads default metrics with OpenTelemetry's API, clusters of processes and
 * a gateway: 80 modules, at each start of an instance.
 */
const load = createRequire(import.meta.url);

export const Counter = load('prom-client/lib/counter.js') as typeof prometheus.Counter;
export const Gauge = load('prom-client/lib/gauge.js') as typeof prometheus.Gauge;
export const Registry = load('prom-client/lib/registry.js') as typeof prometheus.Registry;
