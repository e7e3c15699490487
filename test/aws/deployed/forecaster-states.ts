import { expect, it } from 'vitest';
import { ForecasterStates } from '../../../adapters/aws/forecaster-states.ts';
import { createForecaster } from '../../../core/forecast/create.ts';
import { LEVELS } from '../../../core/forecast/forecast.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { HOUR } from '../../../core/time.ts';
import { ChunkIndicators } from '../../../flows/forecast-indicators.ts';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';

export function forecasterStates(world: () => World): void {
  it('keeps in the bucket what it has learnt, for the next run and for whoever reads it', async () => {
    const { control, outputs } = world();
    const settings = parseSettings(await world().foreshard('settings'), 'settings');
    const states = new ForecasterStates(control.s3, outputs.BucketName!);
    const restored = (state: Uint8Array | undefined) =>
      createForecaster(settings, 'web', state, new ChunkIndicators(settings).of('web'));
    const kept = await eventually('states that know the load of web', async () => {
      const found = await states.read(0);
      const web = found?.get('web');
      if (web === undefined) return undefined;
      return restored(web).knownUntil !== undefined && found;
    });
    expect([...kept.keys()].sort()).toEqual(['api', 'night', 'quiet', 'web']);
    const now = Date.now() / 1000;
    const forecaster = restored(kept.get('web'));
    expect(forecaster.knownUntil).toBeGreaterThan(now - HOUR);
    const { horizons } = forecaster.forecast(now, [60, 600]);
    const median = LEVELS.indexOf(0.5);
    // 120 requests a second for half an hour and 380 since, and nothing else is known.
    for (const { ahead, quantiles } of horizons) {
      expect(quantiles[median], `in ${ahead} s`).toBeGreaterThan(100);
      expect(quantiles[median], `in ${ahead} s`).toBeLessThan(760);
    }
  });

  it('takes them up again: nothing is rebuilt from history once they are there', async () => {
    const from = Date.now();
    await world().invoke('forecast', {});
    const said = (await world().log(from)).filter((line) => line.startsWith('forecast: '));
    expect(said.join('\n')).toContain('"outcome":"done"');
    expect(said.filter((line) => line.includes('"rebuilt"'))).toEqual([]);
  });
}
