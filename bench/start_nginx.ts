import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../test/support/until.ts';
import { childrenOf } from './measure_cpu.ts';
import { type StartedProcess, startProcess } from './start_process.ts';

/**
 * NGINX with one worker that passes everything on unbuffered, and does nothing else.
 * @param upstream as in NGINX's `server`: `127.0.0.1:9300`, or `unix:/path`
 * @returns the processes to measure: master and worker
 */
export async function startNginx(
  directory: string,
  port: number,
  upstream: string,
): Promise<StartedProcess & { pids: number[] }> {
  const file = join(directory, `nginx-${port}.conf`);
  writeFileSync(file, conf(directory, port, upstream));
  const nginx = await startProcess('nginx', ['-p', directory, '-c', file, '-e', 'stderr'], { port });
  // The master listens before it has a worker, and a figure without the worker would flatter.
  const workers = await until('NGINX has its worker', () => {
    const children = childrenOf(nginx.pid);
    return children.length > 0 ? children : undefined;
  });
  return { ...nginx, pids: [nginx.pid, ...workers] };
}

function conf(directory: string, port: number, upstream: string): string {
  // As root NGINX's worker would run as an account that may not enter the directory.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off; ${user}
worker_processes 1;
pid ${directory}/nginx-${port}.pid;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  upstream behind { server ${upstream}; keepalive 1024; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://behind;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Real-IP $remote_addr;
      proxy_buffering off;
      proxy_read_timeout 300s;
    }
  }
}
`;
}
