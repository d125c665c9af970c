/** A page that needs no build: a title, which is its heading too, and paragraphs in HTML. */
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
