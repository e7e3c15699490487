import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGE_SCRIPTS, renderReport } from '../../backtest/report/render.ts';
import { syntheticRun } from './fixture.ts';

const PAGE = new URL('../../backtest/report/page/', import.meta.url);
const HOSTILE = '<img src=x onerror=alert(1)></script><script>alert(2)</script>';

describe('renderReport', () => {
  it('stays under 10 MB for 13 shards, a month of five-minute steps and 100,000 moves', () => {
    const run = syntheticRun({ shards: 13, steps: 8928, moves: 100_000 });
    expect(run.moves.length).toBeGreaterThanOrEqual(100_000);
    expect(Buffer.byteLength(renderReport(run))).toBeLessThan(10e6);
  });

  it('gives the same bytes for the same run', () => {
    expect(renderReport(syntheticRun())).toBe(renderReport(syntheticRun()));
  });

  it('loads nothing from anywhere', () => {
    const page = renderReport(syntheticRun());
    // Not toMatch: it would print the whole page. `url(#…)` stays inside.
    expect(page.match(/(src|href)\s*=\s*["']/)?.[0]).toBeUndefined();
    expect(page.match(/@import|url\((?!#)|\bfetch\(|XMLHttpRequest/)?.[0]).toBeUndefined();
    expect(page).toContain("default-src 'none'");
  });

  it('never takes text of a run for markup', () => {
    const run = syntheticRun({ shards: 2, names: [HOSTILE, 'b'] });
    const page = renderReport({
      ...run,
      title: HOSTILE,
      notes: [HOSTILE],
      settings: { ...run.settings, service: HOSTILE },
      comparison: {
        ...run.comparison,
        sentence: HOSTILE,
        peers: [{ ...run.comparison.peers[0]!, policy: HOSTILE, knobs: HOSTILE }],
      },
      interruptions: [{ ...run.interruptions[0]!, zone: HOSTILE, shards: [HOSTILE] }],
    });
    // The data block holds the tag as a JSON string, which no parser reads as markup; elsewhere it must be escaped.
    const [before, rest] = page.split('<script type="application/json" id="run">');
    const after = rest!.slice(rest!.indexOf('</script>'));
    expect(before).toContain('&#60;img src=x onerror=alert(1)&#62;');
    expect(before + after).not.toContain('<img');
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script/g)).toHaveLength(2);
  });

  it('marks generated load, and only that', () => {
    const run = syntheticRun();
    expect(renderReport(run)).toContain('synthetic load');
    expect(renderReport({ ...run, synthetic: false })).not.toContain('synthetic load');
  });

  it('draws a run in which nothing happened', () => {
    const run = syntheticRun({ shards: 1, steps: 3 });
    const page = renderReport({
      ...run,
      moves: [],
      actions: [],
      interruptions: [],
      notes: [],
      comparison: { ...run.comparison, peers: [], atOurUnmet: [] },
    });
    expect(page).toContain('Nothing moved.');
    expect(page).toContain('No Spot interruption in this run.');
    expect(page.replace(/<(script|style)[\s\S]*?<\/\1>/g, '')).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('page scripts', () => {
  const text = (name: string) => readFileSync(new URL(name, PAGE), 'utf8');

  it('are all listed, each after what it imports', () => {
    expect([...PAGE_SCRIPTS].sort()).toEqual(
      readdirSync(PAGE)
        .filter((name) => name.endsWith('.js'))
        .sort(),
    );
    PAGE_SCRIPTS.forEach((name, i) => {
      for (const [, imported] of text(name).matchAll(/from '\.\/([^']+)'/g)) {
        expect(PAGE_SCRIPTS.slice(0, i), `${name} imports ${imported}`).toContain(imported);
      }
    });
  });

  it('share one scope, so no two declare the same name', () => {
    const names = PAGE_SCRIPTS.flatMap((name) =>
      [...text(name).matchAll(/^(?:export )?(?:async )?(?:function|const|let|class) (\w+)/gm)].map(
        ([, id]) => id,
      ),
    );
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
