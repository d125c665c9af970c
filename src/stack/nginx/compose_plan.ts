import { dashboardOrigins } from '../stack_addresses.ts';
import type { NginxPlan } from './nginx_plan.ts';

/** The plan of docker-compose.yml: names instead of sockets, and the official image's paths and account. */
export const COMPOSE_NGINX_PLAN: NginxPlan = {
  driver: 'compose',
  version: '1.28.0',
  user: { name: 'nginx', group: 'nginx' },
  pidFile: '/run/nginx.pid',
  errorLog: 'stderr',
  accessLog: '/dev/stdout',
  tempFolder: '/tmp',
  mimeTypes: '/etc/nginx/mime.types',
  workerConnections: 20_480,
  fileLimit: 21_504,
  httpListen: ['80'],
  httpsListen: ['443'],
  httpsPort: 443,
  certificate: '/etc/nginx/ssl/localhost.crt',
  certificateKey: '/etc/nginx/ssl/localhost.key',
  instances: ['app-1:8000', 'app-2:8000', 'app-3:8000'],
  down: [],
  generation: undefined,
  console: 'console:3002',
  corsOrigins: dashboardOrigins(443, 3001),
};
