import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { figure, openDashboard, pathIsWhole } from '../browser/dashboard_page.ts';
import { fakeInBrowser } from '../browser/fake_in_browser.ts';
import { until } from '../support/until.ts';

const { browser, fake } = await fakeInBrowser(['--enable-precise-memory-info']);
const DIST = path.resolve(import.meta.dirname, '../../performance_dashboard/dist');

describe('the page', () => {
  it('loads with less than 200 KB, compressed', () => {
    // What the page names is what it waits for; the other screens come after its first picture.
    const page = readFileSync(path.join(DIST, 'index.html'), 'utf8');
    const named = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, name]) => name as string);
    expect(named.some((name) => name.endsWith('.js'))).toBe(true);
    const sent = ['index.html', ...named].map((name) => gzipSync(readFileSync(path.join(DIST, name))).length);
    expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(200_000);
  });

  it('goes on drawing while 128 streams run, and keeps nothing of runs that are over', async () => {
    const console = await fake({ streamMs: 1_000, slots: 50 });
    const { page } = await openDashboard(browser, `${console.url}/#/load?c=128&n=640`);
    await pathIsWhole(page);
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return ((await session.send('Runtime.getHeapUsage')) as { usedSize: number }).usedSize;
    };
    const run = async () => {
      await page.keyboard.press('r');
      await until('128 streams', async () => (await figure(page, 'Active')) === 128);
      await until('the end', async () => (await page.getByText('Finished', { exact: true }).count()) > 0, 60_000);
    };
    await run();
    const before = await heap();
    await page.evaluate(`(() => {
      window.seen = { frames: 0, longest: 0, blockedMs: 0, from: performance.now() };
      let last = performance.now();
      const frame = (now) => {
        window.seen.frames += 1;
        window.seen.longest = Math.max(window.seen.longest, now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.seen.blockedMs += duration;
      }).observe({ entryTypes: ['longtask'] });
    })()`);
    await run();
    const seen = (await page.evaluate('({ ...window.seen, tookMs: performance.now() - window.seen.from })')) as Record<
      'frames' | 'longest' | 'blockedMs' | 'tookMs',
      number
    >;
    await run();
    const after = await heap();
    // 60 a second on an idle machine; the bounds leave room for one that runs other tests as well.
    expect(seen.frames / (seen.tookMs / 1000)).toBeGreaterThan(30);
    expect(seen.blockedMs / seen.tookMs).toBeLessThan(0.1);
    expect(after - before).toBeLessThan(4_000_000);
    await page.context().close();
  });
});
