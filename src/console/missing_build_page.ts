import { plainPage } from './plain_page.ts';

/** What the console shows where the dashboard was never built: how to build it. */
export function missingBuildPage(dashboardDir: string): string {
  return plainPage(
    'The dashboard is not built yet',
    `There is no <code>index.html</code> in <code>${escapeHtml(dashboardDir)}</code>. Build it, then reload this page:`,
    '<code>npm run build -w performance_dashboard</code>',
    'The API works without it; <code>./weir status</code> says how the stack is.',
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
