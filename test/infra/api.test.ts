import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { routeKey } from '../../core/api/operation.ts';
import { OPERATIONS } from '../../core/api/operations.ts';
import { MINIMAL, type Synthesised, settingsFile, synthesise } from './synth.ts';

const template = synthesise({ rehearsal: 'true' });

const findings = ({ folder }: Synthesised) =>
  JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8')).pluginReports.flatMap(
    ({ violations }: { violations: { ruleName: string }[] }) => violations.map(({ ruleName }) => ruleName),
  );

describe('the HTTP API', () => {
  const routes = Object.values(template.of('AWS::ApiGatewayV2::Route')).map(({ Properties }) => Properties);

  it('has a route for each operation, and no other', () => {
    const wanted = Object.values(OPERATIONS).map(routeKey).sort();
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual(wanted);
  });

  it('takes signed requests alone', () => {
    for (const { AuthorizationType } of routes) expect(AuthorizationType).toBe('AWS_IAM');
  });

  it('hands them to one function, as payload 2.0', () => {
    const { IntegrationType, PayloadFormatVersion, IntegrationUri } = template.one(
      'AWS::ApiGatewayV2::Integration',
    ).Properties;
    expect([IntegrationType, PayloadFormatVersion]).toEqual(['AWS_PROXY', '2.0']);
    const [called] = IntegrationUri['Fn::GetAtt'];
    expect(template.resources[called]!.Properties.FunctionName).toBe('foreshard-demo-api');
    const permissions = Object.values(template.of('AWS::Lambda::Permission')).filter(
      ({ Properties }) => Properties.Principal === 'apigateway.amazonaws.com',
    );
    expect(permissions).toHaveLength(1);
  });

  it('is throttled, and logs each access', () => {
    const { DefaultRouteSettings, AccessLogSettings, StageName } =
      template.one('AWS::ApiGatewayV2::Stage').Properties;
    expect(StageName).toBe('$default');
    expect(DefaultRouteSettings.ThrottlingRateLimit).toBeLessThanOrEqual(20);
    expect(DefaultRouteSettings.ThrottlingBurstLimit).toBeLessThanOrEqual(40);
    expect(JSON.parse(AccessLogSettings.Format)).toMatchObject({ requestId: '$context.requestId' });
  });

  it('answers before the gateway gives up', () => {
    const functions = Object.values(template.of('AWS::Lambda::Function'));
    const api = functions.find(({ Properties }) => Properties.FunctionName === 'foreshard-demo-api');
    expect(api!.Properties.Timeout).toBeLessThan(29);
  });
});

describe('the rehearsal', () => {
  const { Properties } = template.one('AWS::FIS::ExperimentTemplate');

  it('is there only when asked for', () => {
    const without = synthesise();
    expect(without.of('AWS::FIS::ExperimentTemplate')).toEqual({});
    expect(without.outputs).not.toHaveProperty('RehearsalTemplate');
    expect(template.outputs).toHaveProperty('RehearsalTemplate');
  });

  it('interrupts one running Spot instance of the service', () => {
    expect(Properties.Targets.instances).toEqual({
      ResourceType: 'aws:ec2:spot-instance',
      ResourceTags: { 'foreshard:service': 'demo' },
      Filters: [{ Path: 'State.Name', Values: ['running'] }],
      SelectionMode: 'COUNT(1)',
    });
    expect(Object.values(Properties.Actions)).toEqual([
      {
        ActionId: 'aws:ec2:send-spot-instance-interruptions',
        Parameters: { durationBeforeInterruption: 'PT4M' },
        Targets: { SpotInstances: 'instances' },
      },
    ]);
  });

  it('may be of a share of them', () => {
    const share = synthesise({ rehearsal: '{"percent": 25}' });
    expect(share.one('AWS::FIS::ExperimentTemplate').Properties.Targets.instances.SelectionMode).toBe(
      'PERCENT(25)',
    );
  });

  it('does not begin while the plan stands still or a guarantee is at risk', () => {
    const alarms = Properties.StopConditions.map(({ Source, Value }: { Source: string; Value: unknown }) => {
      expect(Source).toBe('aws:cloudwatch:alarm');
      const [id] = (Value as { 'Fn::GetAtt': string[] })['Fn::GetAtt'];
      return template.resources[id!]!.Properties.AlarmName;
    });
    expect(alarms.sort()).toEqual(['foreshard-demo-guarantee-at-risk', 'foreshard-demo-tick-stale']);
  });

  it('has a role that FIS takes on for this account alone', () => {
    const [id] = Properties.RoleArn['Fn::GetAtt'];
    const [statement] = template.resources[id]!.Properties.AssumeRolePolicyDocument.Statement;
    expect(statement.Condition).toEqual({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
  });

  it('leaves cdk-nag nothing to say', () => {
    expect(findings(template)).toEqual([]);
  });

  it('can be left out, for servers that do not know it', () => {
    const left = synthesise({ rehearsal: 'true', omit: 'AWS::FIS::ExperimentTemplate' });
    expect(left.of('AWS::FIS::ExperimentTemplate')).toEqual({});
  });

  it.each([
    [
      '{"percent": 0}',
      MINIMAL.replace('max: 20', 'max: 20, spotShare: 0.5'),
      'rehearsal.percent: expected a whole number from 1 to 100, got 0',
    ],
    [
      'true',
      MINIMAL,
      'rehearsal: expected only with Spot instances (fleet.spotShare above 0), got it with 0',
    ],
  ])('%s is refused where it makes no sense', (rehearsal, yaml, message) => {
    expect(() => synthesise({ rehearsal, settings: settingsFile(yaml) })).toThrow(message);
  });
});
