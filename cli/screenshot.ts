import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';

/**
 * `node cli/screenshot.ts REPORT.html OUT.png [--dark] [--full] [--section ID] [--width N] [--height N]`: a picture of the
 * top of a report, from a section on (`fleet`, `by-shard`), or with `--full` of all of it, taken by Debian's chromium (`CHROMIUM` names another one).
 */

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function chromiumPath(): string {
  return process.env.CHROMIUM ?? '/usr/bin/chromium';
}

/** @throws {Error} on one line when there is no chromium. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (!existsSync(executablePath)) {
    throw new Error(
      `no chromium at ${executablePath}: run apt-get install chromium, or set CHROMIUM to its path`,
    );
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

interface Shot {
  readonly dark: boolean;
  /** The whole page instead of one screen. */
  readonly full: boolean;
  /** Id of the element at the top of the picture. */
  readonly section?: string;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

export async function screenshot(
  report: string,
  out: string,
  { dark, full, section, width, height }: Shot,
): Promise<void> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      // waitForFunction evaluates text, which the page's own policy refuses.
      bypassCSP: true,
    });
    await page.goto(pathToFileURL(resolve(report)).href);
    if (full || section !== undefined) {
      // Charts are drawn when they come near the screen: make the screen as high as the page.
      const whole = await page.evaluate('document.documentElement.scrollHeight');
      await page.setViewportSize({ width, height: Math.min(Number(whole), 16_000) });
    }
    // Every chart on the screen, and there is one as soon as the screen reaches the fleet.
    await page.waitForFunction(`[...document.querySelectorAll('[data-chart]')].every((chart) =>
      chart.getBoundingClientRect().top > innerHeight || chart.dataset.drawn === 'yes')`);
    const top = section === undefined ? undefined : await topOf(page, section, report);
    await page.screenshot({ path: out, ...(top !== undefined && { clip: { x: 0, y: top, width, height } }) });
  } finally {
    await browser.close();
  }
}

async function topOf(page: Page, section: string, report: string): Promise<number> {
  const element = page.locator(`[id=${JSON.stringify(section)}]`);
  const box = (await element.count()) > 0 ? await element.boundingBox() : null;
  if (box === null) throw new Error(`--section: ${report} has no element ${section}`);
  return Math.max(0, box.y - 24);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dark: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      section: { type: 'string' },
      width: { type: 'string', default: '1280' },
      height: { type: 'string', default: '900' },
    },
  });
  const [report, out] = positionals;
  if (report === undefined || out === undefined || positionals.length > 2) {
    throw new Error(
      'usage: node cli/screenshot.ts REPORT.html OUT.png [--dark] [--full] [--section ID] [--width N] [--height N]',
    );
  }
  if (!existsSync(report)) throw new Error(`${report}: no such file`);
  const [width, height] = [pixels('width', values.width), pixels('height', values.height)];
  const { dark, full, section } = values;
  await screenshot(report, out, { dark, full, width, height, ...(section !== undefined && { section }) });
}

function pixels(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 200 || value > 4000) {
    throw new Error(`--${option} must be a whole number from 200 to 4000, got ${text}`);
  }
  return value;
}

if (import.meta.main) {
  main().catch((error: Error) => {
    console.error(error.message.split('\n')[0]);
    process.exitCode = 1;
  });
}
