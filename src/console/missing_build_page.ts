/** What the console shows where the dashboard was never built: how to build it. */
export function missingBuildPage(dashboardDir: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir: the dashboard is not built yet</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem }
  code { font: 14px/1.5 ui-monospace, monospace }
</style>
<h1>The dashboard is not built yet</h1>
<p>There is no <code>index.html</code> in <code>${escapeHtml(dashboardDir)}</code>. Build it, then reload this page:</p>
<p><code>npm run build -w performance_dashboard</code></p>
<p>The API works without it; <code>./weir status</code> says how the stack is.</p>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
