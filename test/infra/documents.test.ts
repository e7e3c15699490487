import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../core/settings/parse.ts';
import { definitionOf } from '../../infra/constructs/workflows.ts';
import { iamTable } from '../../infra/iam-table.ts';
import { sampleUserData } from '../../infra/sample.ts';
import { MINIMAL, synthesise } from './synth.ts';

const template = synthesise();

describe('docs/iam.md', () => {
  it('is what "node infra/iam-table.ts" makes', () => {
    expect(readFileSync('docs/iam.md', 'utf8')).toBe(iamTable());
  });
});

describe('state machines', () => {
  const machines = Object.values(template.of('AWS::StepFunctions::StateMachine')).map(
    ({ Properties }) => Properties,
  );

  it('are the four of statemachines/, traced, with their errors logged', () => {
    expect(machines.map(({ StateMachineName }) => StateMachineName).sort()).toEqual([
      'foreshard-demo-activate-standby',
      'foreshard-demo-forecast-fleet',
      'foreshard-demo-hand-over',
      'foreshard-demo-move',
    ]);
    for (const { StateMachineType, TracingConfiguration, LoggingConfiguration } of machines)
      expect([StateMachineType, TracingConfiguration, LoggingConfiguration.Level]).toEqual([
        'STANDARD',
        { Enabled: true },
        'ERROR',
      ]);
  });

  it('have no token left', () => {
    expect(JSON.stringify(machines.map(({ DefinitionString }) => DefinitionString))).not.toMatch(/\$\{\w+\}/);
  });

  it.each([
    [['OneArn', 'TwoArn'], { OneArn: 'x' }, 'expected OneArn and no other, got OneArn, TwoArn'],
    [['OneArn'], { OneArn: 'x', TwoArn: 'y' }, 'expected OneArn, TwoArn and no other, got OneArn'],
  ])('are refused when tokens and values differ: %s', (tokens, values, message) => {
    const text = JSON.stringify(tokens.map((token) => `\${${token}}`));
    expect(() => definitionOf(text, values)).toThrow(`tokens: ${message}`);
  });
});

describe('rules', () => {
  const rules = Object.values(template.of('AWS::Events::Rule')).map(({ Properties }) => Properties);

  it('bring what EC2 and Auto Scaling say to one function, and keep what cannot be delivered', () => {
    expect(rules.flatMap(({ EventPattern }) => EventPattern['detail-type']).sort()).toEqual([
      'EC2 Instance Launch Successful',
      'EC2 Instance Launch Unsuccessful',
      'EC2 Instance Rebalance Recommendation',
      'EC2 Instance State-change Notification',
      'EC2 Instance Terminate Successful',
      'EC2 Instance-launch Lifecycle Action',
      'EC2 Instance-terminate Lifecycle Action',
      'EC2 Spot Instance Interruption Warning',
    ]);
    for (const { Targets } of rules) {
      expect(Targets).toHaveLength(1);
      expect(Targets[0].DeadLetterConfig).toBeDefined();
    }
  });

  it('take of Auto Scaling the events of our groups alone', () => {
    const [groups] = rules.filter(({ EventPattern }) => EventPattern.source[0] === 'aws.autoscaling');
    expect(groups.EventPattern.detail.AutoScalingGroupName).toEqual([
      'foreshard-demo-steady',
      'foreshard-demo-spot',
    ]);
  });
});

describe('the sample’s user data', () => {
  const text = (yaml: string) => sampleUserData(parseSettings(yaml, 'test')).render();

  it('installs the service for the groups and slices of the settings', () => {
    expect(text(`${MINIMAL.replace('zones: [a, b]', 'zones: [a, b], slicesPerInstance: 2')}`)).toContain(
      'bash examples/sample-service/install.sh tiny 2 foreshard-tiny-steady foreshard-tiny-spot foreshard-launch',
    );
  });

  it('installs the reporter where the load comes from reporters', () => {
    const reporter = 'bash agent/reporter/install.sh /foreshard/tiny/reports';
    expect(text(MINIMAL)).not.toContain(reporter);
    expect(text(`${MINIMAL}metrics: { source: reporter }\n`)).toContain(reporter);
  });

  it('fits into what EC2 takes: 16 KiB', () => {
    expect(text(`${MINIMAL}metrics: { source: reporter }\n`).length).toBeLessThan(16 * 1024);
  });
});
