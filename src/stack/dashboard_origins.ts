/** Origins under which a browser shows the dashboard: its own port, and NGINX's HTTPS port. */
export function dashboardOrigins(httpsPort: number, dashboardPort: number): string[] {
  const suffix = httpsPort === 443 ? '' : `:${httpsPort}`;
  return ['localhost', '127.0.0.1', '[::1]'].flatMap((host) => [
    `http://${host}:${dashboardPort}`,
    `https://${host}${suffix}`,
  ]);
}
