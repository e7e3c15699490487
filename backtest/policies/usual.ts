import { instancesFor, type Knob, type PeerPolicy, peakOf } from './peer.ts';
import { forecastFloor, forecastOf } from './predictive.ts';
import { ONE_MINUTE_METRICS, percent, track } from './target-tracking.ts';

const KNOB: Knob = { target: 0.7, prepared: 1, buffer: 5, ratio: 1, hourPeak: 0, gentle: 0 };

/**
 * Predictive scaling and target tracking as people usually set them: both at 70 %, the hour's mean, the default
 * pre-launch of 5 minutes, and a warm pool prepared for the peak at that target. Nothing is chosen in hindsight but the maximum size.
 */
export const USUAL: PeerPolicy = {
  name: 'aws-usual',
  targets: [KNOB.target, KNOB.target],
  choices: {},
  starts: [KNOB],
  run(load, history, capacity, config, knob) {
    const usable = knob.target * capacity;
    const max = instancesFor(peakOf(load), usable);
    const floor = forecastFloor(forecastOf(load, false, config.delay), load.length, usable, knob.buffer);
    return track(load, history, capacity, config, {
      target: knob.target,
      prepared: max,
      max,
      alarms: ONE_MINUTE_METRICS,
      gentle: false,
      floor,
    });
  },
  describe: (knob) => `target ${percent(knob.target)}`,
};
