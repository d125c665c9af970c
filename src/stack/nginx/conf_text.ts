/** A line of the configuration, or lines that belong together (falsy entries are left out). */
export type Conf = string | false | undefined | Conf[];

function flatten(conf: Conf): string[] {
  if (!conf) return conf === '' ? [''] : [];
  return typeof conf === 'string' ? [conf] : conf.flatMap(flatten);
}

/** `name { … }`, its content indented by four. */
export function block(name: string, ...content: Conf[]): Conf {
  const inner = flatten(content).map((line) => (line === '' ? '' : `    ${line}`));
  return [`${name} {`, ...inner, '}'];
}

/** Lines of comment; `text` may hold several. */
export function comment(text: string): Conf {
  return text
    .trim()
    .split('\n')
    .map((line) => `# ${line.trim()}`.trimEnd());
}

/** The whole file, ending in one line break. */
export function confText(...content: Conf[]): string {
  return `${flatten(content).join('\n')}\n`;
}

/** A time as NGINX writes it. @param ms whole seconds */
export function seconds(ms: number): string {
  return `${ms / 1000}s`;
}

/** A value in quotes, with its quotes and backslashes escaped. */
export function quoted(value: string): string {
  if (value.includes('$')) throw new Error(`NGINX can't take a "$" in ${value}; choose a path without it.`);
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
