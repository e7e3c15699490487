import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../backtest/report/render.ts';
import { chromiumPath, launchChromium } from '../../cli/screenshot.ts';
import { syntheticRun } from './fixture.ts';

const missing = !existsSync(chromiumPath());
if (missing) console.warn(`page.test.ts skipped: no chromium at ${chromiumPath()}; apt-get install chromium`);

const HOSTILE = '<img src=x onerror="window.hacked=1">';
const made = syntheticRun({ shards: 12, steps: 2016, names: ['checkout', HOSTILE] });
/** One move of `checkout`, alone in the middle of the run, so that the place of its mark is known. */
const alone = made.moves.find(({ move }) => 'shard' in move.to && move.to.shard === 'checkout')!;
const middle = made.start + (made.step * 2016) / 2;
const [first, ...others] = made.shards;
/** The first one's forecasts are recorded in full. */
const shards = [
  {
    ...first!,
    q01: first!.q10.map((q) => q * 0.9),
    q99: first!.q90.map((q) => q * 1.1),
    coverage: { minutes: 10, below10: 1, above90: 1, above99: 0 },
    said: [{ at: made.start, method: 'last 1.0' }],
  },
  ...others,
];
const run = {
  ...made,
  shards,
  moves: [{ ...alone, at: middle, doneAt: middle + 12, outcome: 'done' as const }],
};

describe.skipIf(missing)('the page in chromium', () => {
  let dir: string;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'foreshard-page-'));
    const file = join(dir, 'report.html');
    writeFileSync(file, renderReport(run));
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(dir, { recursive: true });
  });

  const chart = (kind: string, index?: number) =>
    page.locator(`[data-chart=${kind}]${index === undefined ? '' : `[data-index="${index}"]`}`);
  const drawn = async (kind: string, index?: number) => {
    await chart(kind, index).scrollIntoViewIfNeeded();
    await chart(kind, index).and(page.locator('[data-drawn=yes]')).waitFor();
    return (await chart(kind, index).locator('.u-over').boundingBox())!;
  };
  const colours = (kind: string, index?: number) =>
    chart(kind, index)
      .locator('canvas')
      .evaluate((canvas) => {
        const { width, height } = canvas as unknown as { width: number; height: number };
        // biome-ignore lint/suspicious/noExplicitAny: the DOM's types are not part of this project
        const { data } = (canvas as any).getContext('2d').getImageData(0, 0, width, height);
        const seen = new Set<number>();
        for (let i = 0; i < data.length; i += 4)
          if (data[i + 3] === 255) seen.add(data[i] * 65_536 + data[i + 1] * 256 + data[i + 2]);
        return seen.size;
      });

  it('draws every kind of chart', async () => {
    for (const kind of ['fleet', 'pool', 'interruptions', 'cost']) {
      await drawn(kind);
      expect(await colours(kind), kind).toBeGreaterThan(2);
    }
    await drawn('shard', 0);
    expect(await colours('shard', 0)).toBeGreaterThan(3);
    for (const kind of ['fan', 'miss'])
      for (const index of [0, 2]) {
        await drawn(kind, index);
        expect(await colours(kind, index), kind).toBeGreaterThan(2);
      }
  });

  it('tells of the forecast that is hovered', async () => {
    const box = await drawn('fan', 0);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await expect.poll(() => page.locator('#tip').textContent()).toMatch(/99 %[\d,.]+90 %/);
  });

  it('shows what was missed in red, and only that', async () => {
    const red = (index: number) =>
      chart('shard', index)
        .locator('canvas')
        .evaluate((canvas) => {
          const { width, height } = canvas as unknown as { width: number; height: number };
          // biome-ignore lint/suspicious/noExplicitAny: the DOM's types are not part of this project
          const { data } = (canvas as any).getContext('2d').getImageData(0, 0, width, height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (data[i] > 170 && data[i + 1] < 110 && data[i + 2] < 120) count++;
          return count;
        });
    const missed = (index: number) => made.shards[index]!.unmet.some((value) => value > 0);
    expect([missed(1), missed(2)]).toEqual([true, false]);
    await drawn('shard', 1);
    expect(await red(1)).toBeGreaterThan(4);
    await drawn('shard', 2);
    expect(await red(2)).toBe(0);
  });

  it('tells of the interruption that is hovered', async () => {
    const box = await drawn('interruptions');
    const [first] = [...made.interruptions]
      .filter(({ zone }) => zone === 'a')
      .sort((a, b) => a.goneAt - b.goneAt);
    const share = (first!.goneAt - made.start) / (made.step * 2016);
    await page.mouse.move(box.x + share * box.width, box.y + box.height / 6);
    await expect.poll(() => page.locator('#tip').textContent()).toContain(`${first!.instance} in a`);
  });

  it('tells the reason of a move that is hovered', async () => {
    const box = await drawn('shard', 0);
    await page.mouse.move(box.x + box.width / 2 + 3, box.y + box.height - 20);
    const tip = page.locator('#tip');
    await expect.poll(() => tip.textContent()).toContain(alone.move.slice);
    const text = await tip.textContent();
    expect(text).toContain(
      '2026-05-07 12:00 UTC · forecast: the forecast made one more slice worth its cost',
    );
    expect(text).toContain('done after 12 s');
    expect(text).toContain(alone.move.reason.considered![0]);
    // Far from the mark there are values only.
    await page.mouse.move(box.x + box.width / 4, box.y + box.height - 20);
    await expect.poll(() => tip.textContent()).not.toContain(alone.move.slice);
    expect(await tip.textContent()).toContain('capacity');
  });

  it('zooms all charts, those drawn later too, and back', async () => {
    const box = await drawn('shard', 0);
    const whole = await chart('shard', 0).getAttribute('data-range');
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => chart('shard', 0).getAttribute('data-range')).not.toBe(whole);
    const range = (await chart('shard', 0).getAttribute('data-range'))!;
    const [from, to] = range.split(',').map(Number);
    expect((to! - from!) / (made.step * 2016)).toBeCloseTo(0.25, 1);
    for (const index of [1, 11]) {
      await drawn('shard', index);
      expect(await chart('shard', index).getAttribute('data-range')).toBe(range);
    }
    const last = await drawn('shard', 11);
    await page.mouse.dblclick(last.x + 200, last.y + 40);
    await expect.poll(() => chart('shard', 11).getAttribute('data-range')).toBe(whole);
    await expect.poll(() => page.locator('#reset').isHidden()).toBe(true);
  });

  it('filters shards by name', async () => {
    await page.locator('#filter').fill('CHECK');
    expect(await page.locator('.shard:visible h3').allTextContents()).toEqual(['checkout']);
    expect(await page.locator('.fan:visible h3').allTextContents()).toEqual(['checkout']);
    expect(await page.locator('#shown').textContent()).toBe('1 of 12 shards');
    await page.locator('#filter').fill('');
    expect(await page.locator('.shard:visible').count()).toBe(12);
  });

  it('shows a hostile name as text and runs nothing of it', async () => {
    expect(await page.locator('.shard h3').nth(1).textContent()).toBe(HOSTILE);
    const box = await drawn('shard', 1);
    await page.mouse.move(box.x + 50, box.y + 50);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
  });

  it('has said nothing to the console and asked the network for nothing', () => {
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('file:') && !url.startsWith('blob:'))).toEqual([]);
    expect(requests.filter((url) => url.startsWith('file:'))).toHaveLength(1);
  });
});

it('a screenshot without chromium says on one line what to install', () => {
  const { status, stderr } = spawnSync(process.execPath, ['cli/screenshot.ts', 'package.json', 'out.png'], {
    env: { ...process.env, CHROMIUM: '/nowhere/chromium' },
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toBe(
    'no chromium at /nowhere/chromium: run apt-get install chromium, or set CHROMIUM to its path\n',
  );
});
