import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Settings } from '../core/settings/schema.ts';
import { architectureProblems } from './constructs/launch.ts';
import { zoneProblems } from './constructs/network.ts';
import type { ShardedServiceProps } from './sharded-service.ts';

/**
 * What no settings check can know: settings against the stack and the props.
 * @throws {RangeError} one line per problem, with field, bound and value
 */
export function checkSynth(scope: Construct, settings: Settings, props: ShardedServiceProps): void {
  const problems = [
    ...(props.vpc ? [] : zoneProblems(settings.fleet.zones, Stack.of(scope).region)),
    ...(props.launchTemplate ? [] : architectureProblems(settings)),
    ...(props.natGateways !== undefined && !(Number.isInteger(props.natGateways) && props.natGateways >= 0)
      ? [`natGateways: expected a whole number from 0, got ${props.natGateways}`]
      : []),
  ];
  if (problems.length > 0) throw new RangeError(problems.join('\n'));
}
