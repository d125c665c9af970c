import { writeFileSync } from 'node:fs';
import { COMPOSE_NGINX_PLAN } from './compose_plan.ts';
import { renderNginxConf } from './render_nginx_conf.ts';

// Run by "npm run nginx:render", after every change of the renderer.
const target = new URL('../../../infrastructure/nginx/nginx.conf', import.meta.url);
writeFileSync(target, renderNginxConf(COMPOSE_NGINX_PLAN));
