import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ownShards, routeProblems } from '../core/routes/problems.ts';
import { showPath } from '../core/settings/problem.ts';
import type { Settings } from '../core/settings/schema.ts';
import { architectureProblems } from './constructs/launch.ts';
import { zoneProblems } from './constructs/network.ts';
import { rehearsalProblems } from './constructs/rehearsal.ts';
import { balancersFor } from './constructs/router.ts';
import type { ShardedServiceProps } from './props.ts';

/**
 * What no settings check can know: settings against the stack and the props.
 * @throws {RangeError} one line per problem, with field, bound and value
 */
export function checkSynth(scope: Construct, settings: Settings, props: ShardedServiceProps): void {
  const { vpc, launchTemplate, machineImage, natGateways, entrances } = props;
  const balancers = entrances?.length ?? balancersFor(ownShards(settings).length);
  const problems = [
    ...routeProblems(settings, balancers).map(
      ({ path, expected, got }) => `${showPath(path)}: expected ${expected}, got ${got}`,
    ),
    ...(vpc || entrances || settings.fleet.zones.length >= 2
      ? []
      : [`fleet.zones: expected at least 2 for a load balancer, got ${settings.fleet.zones.length}`]),
    ...(vpc ? [] : zoneProblems(settings.fleet.zones, Stack.of(scope).region)),
    ...(launchTemplate ? [] : architectureProblems(settings)),
    ...(natGateways !== undefined && !(Number.isInteger(natGateways) && natGateways >= 0)
      ? [`natGateways: expected a whole number from 0, got ${natGateways}`]
      : []),
    ...(entrances?.length === 0 ? ['entrances: expected at least one, got none'] : []),
    ...rehearsalProblems(props, settings),
    ...unused(props, 'machineImage', 'launchTemplate'),
    ...unused(props, 'userData', 'launchTemplate'),
    ...unused(props, 'natGateways', 'vpc'),
    ...(props.userData && !machineImage && !launchTemplate
      ? ['userData: expected with machineImage, got it alone: the default image brings its own']
      : []),
  ];
  if (problems.length > 0) throw new RangeError(problems.join('\n'));
}

/** A prop that would be passed over in silence. */
function unused(
  props: ShardedServiceProps,
  prop: keyof ShardedServiceProps,
  by: keyof ShardedServiceProps,
): string[] {
  return props[prop] !== undefined && props[by] !== undefined
    ? [`${prop}: expected only without ${by}, got both`]
    : [];
}
