/** A page that needs no build. @param title also its heading @param paragraphs HTML */
export function plainPage(title: string, ...paragraphs: string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir: ${title}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem }
  code { font: 14px/1.5 ui-monospace, monospace }
</style>
<h1>${title}</h1>
${paragraphs.map((each) => `<p>${each}</p>`).join('\n')}
</html>
`;
}

/** Shown if the dashboard is not built: how to build it. */
export function missingBuildPage(dashboardDir: string): string {
  return plainPage(
    'The dashboard is not built yet',
    `There is no <code>index.html</code> in <code>${escapeHtml(dashboardDir)}</code>. Build it, then reload this page:`,
    '<code>npm run build -w performance_dashboard</code>',
    'The API works without it. <code>./weir status</code> shows the state of the stack.',
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
