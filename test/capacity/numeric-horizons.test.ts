import { describe, expect, it } from 'vitest';
import { leadsOf, planningHorizons } from '../../core/capacity/horizons.ts';
import type { SettingsInput } from '../../core/settings/schema.ts';
import { settingsOf } from '../world/fixtures.ts';

type LeadTimes = NonNullable<SettingsInput['fleet']['leadTimes']>;

const withLeads = (leadTimes: LeadTimes) => settingsOf(['a'], { leadTimes });
const SLOW = {
  activate: { seconds: 900 },
  warm: { seconds: 1800 },
  cold: { seconds: 600 },
  drain: { seconds: 5 },
};

describe('lead times in ticks', () => {
  it('of the defaults are those of the minute model', () => {
    expect(leadsOf(withLeads({}))).toMatchObject({ activate: 0, start: 1, cold: 4, drain: 1 });
  });

  it('include the activation, and a cold launch is no faster than a warm start', () => {
    expect(leadsOf(withLeads(SLOW))).toMatchObject({ activate: 15, start: 45, cold: 45, drain: 1 });
  });

  it('look far enough ahead to tell what a start is good for', () => {
    for (const leadTimes of [{}, SLOW, { activate: { seconds: 3600 } }]) {
      const leads = leadsOf(withLeads(leadTimes));
      expect(leads.ticks).toBeGreaterThan(leads.start + 1);
      expect(leads.ticks).toBeGreaterThan(leads.activate + 1);
    }
  });
});

it('forecasts are asked for once per horizon, ascending, for each lead time and what follows', () => {
  for (const leadTimes of [{}, SLOW]) {
    const settings = withLeads(leadTimes);
    const horizons = planningHorizons(settings);
    expect(horizons).toEqual([...new Set(horizons)].sort((a, b) => a - b));
    const { activate, start, cold, ticks } = leadsOf(settings);
    expect(horizons).toEqual(
      expect.arrayContaining([0, activate * 60, start * 60, cold * 60, ticks * 60, 9000]),
    );
  }
});
