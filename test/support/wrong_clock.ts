/** Environment of an instance whose clock is wrong by that many milliseconds: `Date` is, which is all that it reads. */
export function wrongClock(byMs: number): Record<string, string> {
  const code = `
    const right = Date;
    const now = () => right.now() + ${byMs};
    globalThis.Date = class extends right {
      constructor(...parts) {
        super(...(parts.length === 0 ? [now()] : parts));
      }
      static now = now;
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
