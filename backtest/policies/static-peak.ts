import { instancesFor, type PeerPolicy, peakOf } from './peer.ts';
import { percent } from './target-tracking.ts';

/** A fixed group, sized in hindsight: so many instances that the peak uses `target` of their capacity. */
export const STATIC_PEAK: PeerPolicy = {
  name: 'static-peak',
  targets: [1, 4],
  choices: {},
  starts: [{ target: 1, prepared: 0, buffer: 0, ratio: 1, hourPeak: 0, gentle: 0 }],
  run(load, history, capacity, _config, knob) {
    const active = instancesFor(peakOf(load), capacity * knob.target);
    let unmet = 0;
    let total = 0;
    for (let t = history; t < load.length; t++) {
      total += load[t]!;
      const missed = load[t]! - active * capacity;
      if (missed > 0) unmet += missed;
    }
    return { instanceMinutes: active * (load.length - history), unmet, load: total };
  },
  describe: (knob) => `${percent(1 / knob.target)} of peak`,
};
