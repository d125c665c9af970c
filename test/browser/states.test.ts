import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { SAMPLE_FINDINGS, sampleRun } from '../support/sample_runs.ts';
import { until } from '../support/until.ts';
import { openDashboard, pathIsWhole, screenshot } from './dashboard_page.ts';
import { fakeInBrowser } from './fake_in_browser.ts';

const { browser, open } = await fakeInBrowser();

const lanes = (page: Page) => page.getByRole('region', { name: 'Lanes' });
const result = (page: Page) => page.getByRole('region', { name: 'Result' });

describe('the load tester', () => {
  it('is empty, live, finished: lanes, sequence and shares show where the streams went', async () => {
    const { page } = await open({ streamMs: 700 });
    await pathIsWhole(page);
    await page.getByRole('heading', { name: 'Ten concurrent streams, thirty requests' }).waitFor();
    await page.keyboard.press('r');
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    await result(page).getByText('Measure').waitFor();
    await lanes(page).getByText('Finished', { exact: true }).waitFor();
    await result(page).getByText('The limiter works as intended.').waitFor();
    const sequence = page.getByRole('region', { name: 'Sequence first 200 requests' });
    expect(await sequence.locator('.strip-cell[data-kind="streamed"]').count()).toBeGreaterThan(18);
    await lanes(page).getByText('Show as a table').click();
    expect(await lanes(page).getByRole('row').count()).toBe(4);
    await sequence.getByText('Show as a table').click();
    expect(await sequence.getByRole('row').count()).toBe(31);
    const shares = page.getByRole('region', { name: 'Streams per instance', exact: true });
    await shares.getByText(/^(even|uneven)$/).waitFor();
    for (const name of ['JSON', 'CSV', 'HTML']) {
      expect(await page.getByRole('link', { name, exact: true }).getAttribute('href')).toMatch(/^\/api\/runs\/run-1\//);
    }
    await page.context().close();
  });

  it('keeps the place of an instance that does not answer: its row, its letter, and no word of "even"', async () => {
    const { page } = await open({ streamMs: 200, frozen: ['app-1'] }, '#/overview');
    await pathIsWhole(page, '2 of 3 ready');
    const table = page.getByRole('region', { name: 'Instances', exact: true });
    expect(await table.getByRole('row', { name: /app-1/ }).textContent()).toMatch(/^A\s*app-1\s*does not answer/);
    expect(await table.getByRole('row', { name: /app-2/ }).textContent()).toMatch(/^B\s*app-2\s*ready/);
    await screenshot(page, 'overview-one-frozen');
    await page.goto(page.url().replace('overview', 'load'));
    await page.getByText('two instances and three streams per user on each, six of ten run').waitFor();
    await page.getByLabel('Total requests', { exact: false }).first().fill('60');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Run Load Test' }).click();
    await result(page).getByText('app-1 answered no request').waitFor();
    await page.getByRole('region', { name: 'Streams per instance', exact: true }).getByText('uneven').waitFor();
    await screenshot(page, 'load-one-frozen');
    await page.context().close();
  });

  it('draws lanes: coloured pixels where dots and areas are', async () => {
    const { page } = await open({ streamMs: 500 });
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await lanes(page).getByText('Finished', { exact: true }).waitFor();
    const painted = await page.evaluate(`[...document.querySelectorAll('canvas')].slice(0, 3).map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, index) => index % 4 === 3 && value > 0).length;
    })`);
    for (const pixels of painted as number[]) expect(pixels).toBeGreaterThan(500);
    await page.context().close();
  });

  it('stands still while paused, and catches up', async () => {
    const { page } = await open({ streamMs: 900 });
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    await page.keyboard.press('p');
    await lanes(page).getByText('Paused').waitFor();
    await lanes(page)
      .getByText(/last data \d+ s ago/)
      .waitFor();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    const before = await result(page).textContent();
    await page.waitForTimeout(600);
    expect(await result(page).textContent()).toBe(before);
    await page.keyboard.press('p');
    await lanes(page).getByText('Finished', { exact: true }).waitFor();
    await page.keyboard.press('p');
    await lanes(page).getByText('Paused').waitFor();
    await page.keyboard.press('r');
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    await page.context().close();
  });

  it('shows the age of the last update when none arrives', async () => {
    const { page, console } = await open({ streamMs: 60_000 });
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    console.script.run = 'hang';
    await lanes(page).getByText('Stale').waitFor();
    await lanes(page)
      .getByText(/last data \d+ s ago/)
      .waitFor();
    await page.context().close();
  });

  it('keeps what it has when the console goes away, and goes on when it is back', async () => {
    const { page, console } = await open({ streamMs: 1_500 });
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    console.script.run = 'drop';
    await lanes(page).getByText('Disconnected').waitFor();
    await lanes(page).getByText('Show as a table').click();
    const started = await lanes(page).locator('tbody tr td:nth-of-type(1)').allTextContents();
    expect(started.map(Number).reduce((sum, n) => sum + n)).toBeGreaterThanOrEqual(10);
    console.script.run = 'whole';
    await lanes(page).getByText('Finished', { exact: true }).waitFor();
    await page.context().close();
  });

  it('finds its run again after a reload', async () => {
    const { page } = await open({ streamMs: 2_000 });
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    await page.reload();
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    await lanes(page).getByText('Finished', { exact: true }).waitFor();
    await page.context().close();
  });

  it('says that it was cancelled, and that it failed and why', async () => {
    const { page, console } = await open({ streamMs: 60_000 });
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await lanes(page).getByText('Live', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await lanes(page).getByText('Cancelled').waitFor();
    console.script.run = 'fail';
    await page.keyboard.press('r');
    await result(page).getByText('The run failed').waitFor();
    await result(page).getByText('ulimit -n').waitFor();
    await screenshot(page, 'load-failed');
    console.script.run = 'refuse';
    await page.keyboard.press('r');
    await result(page).getByText('Another load test is running').waitFor();
    await page.context().close();
  });

  it('greys percentiles that have too few samples', async () => {
    const { page } = await open({ streamMs: 300 });
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await lanes(page).getByText('Finished', { exact: true }).waitFor();
    const latency = page.getByRole('region', { name: 'Latency ms, of completed streams' });
    expect(await latency.locator('td.text-muted.italic').count()).toBeGreaterThan(0);
    await latency.getByText('too few samples').waitFor();
    await page.context().close();
  });

  it('is this browser’s affair where the console runs nothing, and says what that means', async () => {
    const { page } = await open({ canRun: false, canDrill: false });
    await pathIsWhole(page);
    await page.getByText('at most 100').waitFor();
    expect(await page.getByRole('button', { name: 'Server' }).isDisabled()).toBe(true);
    await page.getByRole('link', { name: 'With and without the balancer' }).click();
    await page.getByText('This comparison runs only at the console’s own address').waitFor();
    await page.getByRole('link', { name: 'Failover drill' }).click();
    await page.getByText('The drill needs the native stack').waitFor();
    await page.context().close();
  });

  it('is restored by a link, and asks for the plan that the link names', async () => {
    const link = '#/load?mode=rate&rate=7&duration=3&slo=chat&resumable=true&engine=server&prompt=Hello';
    const { page } = await open({ streamMs: 300 }, link);
    await pathIsWhole(page);
    expect(await page.locator('#field-rate').inputValue()).toBe('7');
    expect(await page.getByLabel('Prompt').inputValue()).toBe('Hello');
    expect(await page.getByLabel('Goal (SLO)').inputValue()).toBe('chat');
    expect(await page.getByLabel('Resumable streams').isChecked()).toBe(true);
    await page.getByLabel('Prompt').fill('Other');
    expect(await page.evaluate('location.hash')).toContain('prompt=Other');
    await page.context().close();
  });
});

describe('with and without the balancer', () => {
  it('shows nine and one beside three and seven, in one picture', async () => {
    const { page } = await open({ streamMs: 500 }, '#/load/balancer');
    await pathIsWhole(page);
    await page.getByText('NGINX will distribute ten requests').waitFor();
    await page.getByRole('button', { name: 'Run the comparison' }).click();
    await page.getByText('9 streamed over 3 instances, 3 on one instance').waitFor();
    await page.getByRole('region', { name: 'Directly to app-1' }).getByText('idle, 3 free').first().waitFor();
    await page.context().close();
  });
});

describe('the overview', () => {
  it.each(['light', 'dark'] as const)('shows which providers fail, and where, in %s', async (theme) => {
    const circuit = (id: string) => (id === 'app-1' ? 'open' : id === 'app-2' ? 'half_open' : 'closed');
    // The list of providers says that openai has no key, and takes the place of its circuit as soon as it is there.
    const { page, console } = await open({ breakersOf: () => ({ fake: 'closed', openai: 'closed' }) }, '#/overview');
    await page.emulateMedia({ colorScheme: theme });
    const providers = page.getByRole('region', { name: 'Providers' });
    await providers.getByText('OPENAI_API_KEY is not set.').waitFor();
    await providers.getByText('closed', { exact: true }).waitFor();
    expect(await providers.getByText('its circuit opens').count()).toBe(0);
    console.script.breakersOf = (id) => ({ anthropic: 'closed', groq: 'open', openai: circuit(id) });
    await providers.getByText('open on app-1, half open on app-2', { exact: true }).waitFor();
    await providers.getByText('open on all instances', { exact: true }).waitFor();
    await providers.getByText('After a pause, one request tests the provider').waitFor();
    await screenshot(page, `circuits-${theme}`);
    await page.context().close();
  });

  it('repeats a request that gets no response, such as one that went to a frozen instance', async () => {
    const { page, console } = await open({ cluster: 'hang' }, '#/overview');
    await page.getByText('Waiting for the first update').waitFor();
    console.script.cluster = 'live';
    await page.getByRole('region', { name: 'Instances', exact: true }).getByText('Live', { exact: true }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.context().close();
  });

  it('is waiting, live, stale, paused, disconnected and live again', async () => {
    const { page, console } = await open({ cluster: 'silent' }, '#/overview');
    await page.getByText('Waiting for the first update').waitFor();
    console.script.cluster = 'live';
    const instances = page.getByRole('region', { name: 'Instances', exact: true });
    await instances.getByText('Live', { exact: true }).waitFor();
    console.script.cluster = 'silent';
    await instances.getByText('Stale').waitFor();
    await instances.getByText(/last data \d+ s ago/).waitFor();
    await page.keyboard.press('p');
    await instances.getByText('Paused').waitFor();
    await page.keyboard.press('p');
    console.script.cluster = 'gone';
    await instances.getByText('Disconnected').waitFor({ timeout: 60_000 });
    await page.getByRole('alert').getByText('NGINX runs, but no instance answers').waitFor();
    await page.getByText('last known', { exact: true }).waitFor();
    expect(await instances.getByText('last known: ready').count()).toBe(3);
    expect(await instances.getByText('ready', { exact: true }).count()).toBe(0);
    console.script.cluster = 'live';
    await instances.getByText('Live', { exact: true }).waitFor();
    await page.context().close();
  });
});

describe('the runs', () => {
  it('are empty with a way on, or say why they can not be read', async () => {
    const { page, console } = await open({}, '#/runs');
    await page.getByRole('heading', { name: 'No runs yet' }).waitFor();
    await page.getByRole('button', { name: 'Open the load tester' }).click();
    await page.getByRole('button', { name: 'Run Load Test' }).waitFor();
    console.script.console = 'fails';
    const { page: other } = await openDashboard(browser, `${console.url}/#/runs`);
    await other.getByText('The history is locked.').waitFor();
    console.script.console = 'answers';
    await other.getByRole('button', { name: 'Retry' }).click();
    await other.getByRole('heading', { name: 'No runs yet' }).waitFor();
    await page.context().close();
    await other.context().close();
  });

  it('are compared by twos: the better value, or no clear difference', async () => {
    const { page, console } = await open({ runs: [sampleRun('fast', 100), sampleRun('slow', 400, 1)] }, '#/runs');
    const boxes = page.getByRole('checkbox');
    await boxes.nth(0).check();
    await page.getByText('Select one more run').waitFor();
    await boxes.nth(1).check();
    const table = page.getByRole('region', { name: 'Comparison, table' });
    await table
      .getByRole('row', { name: /TTFT p50/ })
      .getByText('A is better')
      .waitFor();
    await table.getByText('no clear difference').first().waitFor();
    await page
      .getByRole('button', { name: /^Delete/ })
      .first()
      .click();
    await until('one run', async () => (await boxes.count()) === 1);
    expect(console.asked).toContain('DELETE /api/runs/fast');
    await page.context().close();
  });
});

describe('the doctor', () => {
  it('shows what is wrong, why, and the fix, by the node of the path', async () => {
    const { page, console } = await open({ findings: [...SAMPLE_FINDINGS] });
    await pathIsWhole(page);
    await page.getByRole('region', { name: 'Path of a request' }).getByRole('link', { name: 'Instances' }).click();
    const checks = page.getByRole('region', { name: 'Checks: Instances' });
    await checks.getByText('app-2 does not answer.').waitFor();
    await checks.getByText('NGINX reaches two of three instances.').waitFor();
    await checks.getByRole('button', { name: 'Copy ./weir restart app-2' }).waitFor();
    await page.getByText('5 checks: 1 failed, 1 warning.').waitFor();
    console.script.findings = [SAMPLE_FINDINGS[0]];
    await page.keyboard.press('r');
    await page.getByText('1 check passed.').waitFor();
    await page.context().close();
  });

  it('says what to do when the console itself fails', async () => {
    const { page, console } = await open({ console: 'fails' }, '#/doctor');
    await page.getByText('./weir doctor').waitFor();
    console.script.console = 'answers';
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByText('0 checks passed.').waitFor();
    await page.context().close();
  });
});

describe('the live stream', () => {
  it('is empty at first, and says so when no answer comes', async () => {
    const { page } = await open({}, '#/stream');
    await page.getByText('Live answer').waitFor();
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('region', { name: 'Answer' }).getByText('Failed', { exact: true }).waitFor();
    expect(await page.locator('body').textContent()).not.toContain('Failed to fetch');
    await page.context().close();
  });
});

describe('the banner', () => {
  it('says in red that answers bypassed NGINX', async () => {
    const { page } = await open({ via: null });
    await page.getByRole('alert').getByText('These requests bypassed NGINX').waitFor();
    await page.context().close();
  });
});

describe('an answer in the page', () => {
  const answer = (page: Page) => page.getByRole('region', { name: 'Answer' });

  it('says what the error code says while it tries again, and not that an instance is gone', async () => {
    const { page } = await open(
      {
        stream: (_request, response) => {
          const message = 'The provider a fails at the moment and is left alone; try again shortly.';
          response.writeHead(503, { 'content-type': 'application/json', 'x-gateway-via': 'nginx' });
          response.end(JSON.stringify({ error: 'service_unavailable', message, details: {} }));
        },
      },
      '#/stream',
    );
    await pathIsWhole(page);
    await page.getByRole('button', { name: 'Ask' }).click();
    await answer(page).getByText('No answer yet; retrying').waitFor();
    await answer(page).getByText('The provider a fails at the moment and is left alone').waitFor();
    await screenshot(page, 'stream-refused');
    await page.context().close();
  });

  it('keeps the colours of its text over a reload, and offers to kill the instance that produces it', async () => {
    const frame = (id: string, event: string, data: object) =>
      `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    const status = { status: 'validated', thread_id: 't-1', instance: 'app-1', model: 'demo', provider: 'fake' };
    const texts = ['one ', 'two ', 'three ', 'four '];
    const said = (from: number, to: number, epoch: number) =>
      texts
        .slice(from - 1, to)
        .map((content, at) =>
          frame(`${epoch}.${from + at}`, 'chunk', { content, chunk_index: from + at, finish_reason: null }),
        )
        .join('');
    const head = (instance: string, producer: string) => ({
      'content-type': 'text/event-stream',
      'x-gateway-via': 'nginx',
      'x-thread-id': 't-1',
      'x-instance-id': instance,
      'x-producer-id': producer,
    });
    const { page } = await open(
      {
        stream: (request, response) => {
          if (request.method === 'POST') {
            // It dies after two tokens; app-3 goes on with it.
            response.writeHead(200, head('app-1', 'app-1'));
            response.end(frame('1.0', 'status', { ...status, resume_token: 'token' }) + said(1, 2, 1));
          } else if (request.headers['last-event-id']) {
            response.writeHead(200, head('app-3', 'app-3'));
            response.write(said(3, 3, 2));
          } else {
            // After the reload another one passes it on, from its start.
            response.writeHead(200, head('app-2', 'app-3'));
            response.write(frame('1.0', 'status', status) + said(1, 2, 1) + said(3, 4, 2));
          }
        },
      },
      '#/stream',
    );
    await pathIsWhole(page);
    const marks = () => answer(page).locator('.stream-mark').allTextContents();
    await page.getByRole('button', { name: 'Ask' }).click();
    await answer(page).getByText('three').waitFor();
    expect(await marks()).toEqual(['A', 'C']);
    await page.reload();
    await answer(page).getByText('four').waitFor();
    expect(await marks()).toEqual(['A', 'C']);
    await page.getByRole('button', { name: 'Kill app-3' }).waitFor();
    await screenshot(page, 'stream-after-reload');
    await page.context().close();
  });
});
