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
    const { page } = await openDashboard(browser, `${console.url}/#/load?c=128&n=640`, {
      reducedMotion: 'no-preference',
    });
    await pathIsWhole(page);
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return ((await session.send('Runtime.getHeapUsage')) as { usedSize: number }).usedSize;
    };
    // CPU time of the page's main thread, which does not grow when others keep the machine busy.
    await session.send('Performance.enable');
    const busySeconds = async () => {
      const { metrics } = (await session.send('Performance.getMetrics')) as {
        metrics: { name: string; value: number }[];
      };
      return metrics.find(({ name }) => name === 'ThreadTime')!.value;
    };
    const run = async () => {
      await page.keyboard.press('r');
      await until('most of the streams at once', async () => (await figure(page, 'Active')) > 100);
      await until('the end', async () => (await page.getByText('Finished', { exact: true }).count()) > 0, 60_000);
    };
    await run();
    const before = await heap();
    await page.evaluate(`(() => {
      window.frames = 0;
      const frame = () => {
        window.frames += 1;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    })()`);
    const busyBefore = await busySeconds();
    const from = performance.now();
    await run();
    const busyShare = ((await busySeconds()) - busyBefore) / ((performance.now() - from) / 1000);
    const frames = (await page.evaluate('window.frames')) as number;
    await run();
    const after = await heap();
    // The main thread is not all that is drawn with: it has time left for those who click.
    expect(frames).toBeGreaterThan(60);
    expect(busyShare).toBeLessThan(0.8);
    expect(after - before).toBeLessThan(4_000_000);
    await page.context().close();
  });
});
