import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MINIMAL, read, scratch, settingsFile, synthesise } from './synth.ts';

const template = synthesise();

/** MINIMAL with so many shards, each with a host. */
function many(count: number): string {
  const shards = Array.from(
    { length: count },
    (_, i) => `  - { name: s${i}, route: { host: s${i}.example.com }, capacity: { perInstance: 100 } }`,
  );
  return settingsFile(MINIMAL.replace(/ {2}- .*/, shards.join('\n')).replace('max: 20', 'max: 5000'));
}

interface Report {
  readonly pluginReports: readonly {
    readonly conclusion: string;
    readonly violations: readonly { readonly ruleName: string }[];
  }[];
}

function findings(folder: string): string[] {
  const report = JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8')) as Report;
  return report.pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName));
}

describe('cdk-nag', () => {
  it('finds nothing that has no written reason', () => {
    expect(findings(template.folder)).toEqual([]);
  });

  it.each([
    ['without NAT gateway', { natGateways: '0' }],
    ['with HTTPS', { certificate: 'arn:aws:acm:eu-west-1:111122223333:certificate/1', region: 'eu-west-1' }],
    ['inside', { internal: 'true' }],
  ])('finds nothing %s', (_, context) => {
    expect(findings(synthesise(context).folder)).toEqual([]);
  });

  it('would find something, and stop: a bucket that is reached without TLS', () => {
    expect(() => synthesise({ omit: 'AWS::S3::BucketPolicy' })).toThrow(/AwsSolutions-S10/);
  });
});

describe('a template', () => {
  it('is no larger with 1,000 shards, but for their load balancers', () => {
    const few = synthesise({ settings: many(2) });
    const lots = synthesise({ settings: many(1000) });
    const count = (of: typeof few, type: string) =>
      Object.keys(of.of(`AWS::ElasticLoadBalancingV2::${type}`)).length;
    expect([count(lots, 'LoadBalancer'), count(lots, 'Listener')]).toEqual([13, 13]);
    expect([count(lots, 'TargetGroup'), count(lots, 'ListenerRule')]).toEqual([0, 0]);
    const others = (of: typeof few) =>
      Object.values(of.resources)
        .map(({ Type }) => Type)
        .filter((type) => !/LoadBalancing|SecurityGroup/.test(type))
        .sort();
    expect(others(lots)).toEqual(others(few));
    expect(Object.keys(lots.resources).length).toBeLessThan(300);
    expect(lots.bytes).toBeLessThan(1_000_000);
  });

  it('needs no region, and no look-up', () => {
    expect(JSON.stringify(template.resources)).not.toContain('dummy');
    const manifest = JSON.parse(readFileSync(join(template.folder, 'manifest.json'), 'utf8'));
    expect(manifest.missing).toBeUndefined();
    expect(manifest.artifacts['Foreshard-demo'].environment).toBe('aws://unknown-account/unknown-region');
  });

  it('has the zones of the region that it is deployed to', () => {
    const zones = Object.values(template.of('AWS::EC2::Subnet')).map(
      ({ Properties }) => Properties.AvailabilityZone,
    );
    expect(zones).toHaveLength(6);
    expect(zones[0]).toEqual({ 'Fn::Join': ['', [{ Ref: 'AWS::Region' }, 'a']] });
  });

  it('has one NAT gateway; none when asked for none, and then addresses for the instances', () => {
    expect(Object.keys(template.of('AWS::EC2::NatGateway'))).toHaveLength(1);
    const none = synthesise({ natGateways: '0' });
    expect(none.of('AWS::EC2::NatGateway')).toEqual({});
    for (const { Properties } of Object.values(none.of('AWS::EC2::Subnet')))
      expect(Properties.MapPublicIpOnLaunch).toBe(true);
  });

  it('lets load balancers alone reach the instances, on the ports of the slices', () => {
    const { Properties } = template.one('AWS::EC2::SecurityGroupIngress');
    expect([Properties.FromPort, Properties.ToPort]).toEqual([8080, 8080]);
    expect(Properties.SourceSecurityGroupId).toBeDefined();
    const instances = template.resources[Properties.GroupId['Fn::GetAtt'][0]]!.Properties;
    expect(instances).not.toHaveProperty('SecurityGroupIngress');
  });

  it('answers 404 where no shard has the route', () => {
    const [action] = template.one('AWS::ElasticLoadBalancingV2::Listener').Properties.DefaultActions;
    expect([action.Type, action.FixedResponseConfig.StatusCode]).toEqual(['fixed-response', '404']);
  });

  it('redirects HTTP when there is a certificate', () => {
    const { of } = synthesise({ certificate: 'arn:aws:acm:eu-west-1:111122223333:certificate/1' });
    const listeners = Object.values(of('AWS::ElasticLoadBalancingV2::Listener')).map(({ Properties }) => [
      Properties.Port,
      Properties.Protocol,
      Properties.DefaultActions[0].Type,
    ]);
    expect(listeners).toEqual([
      [443, 'HTTPS', 'fixed-response'],
      [80, 'HTTP', 'redirect'],
    ]);
  });

  it('brings the settings by a custom resource, as long as there is a stack', () => {
    const { Properties } = template.one('Custom::ForeshardRoutes');
    expect(Object.keys(Properties).sort()).toEqual(['ServiceToken', 'bucket', 'key']);
  });

  it('loses everything but the data with the stack; with keepFleet what traffic goes through stays', () => {
    const policies = (of: typeof template) =>
      Object.entries(of.resources).flatMap(([id, { DeletionPolicy }]) =>
        DeletionPolicy === 'Retain' ? [id] : [],
      );
    expect(
      policies(template)
        .map((id) => template.resources[id]!.Type)
        .sort(),
    ).toEqual(['AWS::DynamoDB::Table', 'AWS::S3::Bucket']);
    const kept = synthesise({ keepFleet: 'true' });
    const names = policies(kept);
    for (const [id, { Type }] of Object.entries(kept.resources))
      if (/^AWS::(EC2|ElasticLoadBalancingV2|IAM::InstanceProfile|DynamoDB|S3::Bucket$)|^Custom/.test(Type))
        expect(names).toContain(id);
      else if (!/^AWS::IAM::Role/.test(Type)) expect(names).not.toContain(id);
  });

  it('begins to plan when all is there, and stops before any of it goes', () => {
    const ids = [
      'Custom::ForeshardRoutes',
      'AWS::AutoScaling::AutoScalingGroup',
      'AWS::StepFunctions::StateMachine',
    ].flatMap((type) => Object.keys(template.of(type)));
    for (const { DependsOn } of Object.values(template.of('AWS::Scheduler::Schedule')))
      expect(DependsOn).toEqual(expect.arrayContaining(ids));
  });

  it('leaves out what it is told to, and what waits for it', () => {
    const omitted = [
      'AWS::AutoScaling::WarmPool',
      'AWS::SSM::Document',
      'AWS::AutoScaling::LifecycleHook',
      'AWS::EC2::SecurityGroupIngress',
    ];
    const { resources } = synthesise({ omit: omitted.join(',') });
    expect(Object.values(resources).filter(({ Type }) => omitted.includes(Type))).toEqual([]);
    for (const { DependsOn } of Object.values(resources))
      for (const id of [DependsOn ?? []].flat()) expect(resources).toHaveProperty(String(id));
  });
});

describe('a schedule', () => {
  const schedules = (of: typeof template) =>
    Object.fromEntries(
      Object.values(of.of('AWS::Scheduler::Schedule')).map(({ Properties }) => [
        Properties.Name,
        [Properties.ScheduleExpression, JSON.stringify(Properties.Target.Arn)],
      ]),
    );

  it('plans every minute and forecasts as often as the settings say', () => {
    const all = schedules(template);
    expect(all['foreshard-demo-plan']).toEqual([
      'rate(1 minute)',
      expect.stringContaining(':function:foreshard-demo-plan'),
    ]);
    expect(all['foreshard-demo-forecast']).toEqual([
      'rate(5 minutes)',
      expect.stringContaining(':function:foreshard-demo-forecast'),
    ]);
    expect(all['foreshard-demo-propose-shards']).toEqual([
      'rate(5 minutes)',
      expect.stringContaining(':function:foreshard-demo-propose-shards'),
    ]);
  });

  it('forecasts more than 200 shards by a machine', () => {
    const [, arn] = schedules(synthesise({ settings: many(201) }))['foreshard-tiny-forecast'] as string[];
    expect(arn).toContain(':stateMachine:foreshard-tiny-forecast-fleet');
  });
});

describe('a user’s own app', () => {
  // It starts a process of its own, as the CDK CLI does: a slow machine takes its time.
  it('has its VPC, load balancer, image and topic, and none of ours', { timeout: 120_000 }, () => {
    const outdir = scratch('own');
    execFileSync(process.execPath, ['examples/own-app/app.ts'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // As the CDK CLI starts it.
      env: {
        ...process.env,
        CDK_OUTDIR: outdir,
        CDK_CONTEXT_JSON: '{"@aws-cdk/core:validationReportJson": true}',
      },
    });
    const own = read(outdir, 'Search');
    expect(findings(outdir)).toEqual([]);
    for (const type of ['EC2::VPC', 'ElasticLoadBalancingV2::LoadBalancer', 'SNS::Topic', 'KMS::Key'])
      expect(own.of(`AWS::${type}`)).toEqual({});
    const { FromPort, ToPort } = own.one('AWS::EC2::SecurityGroupIngress').Properties;
    expect([FromPort, ToPort]).toEqual([8080, 8083]);
    const alarms = Object.values(own.of('AWS::CloudWatch::Alarm'));
    for (const { Properties } of alarms) {
      expect(Properties.AlarmActions).toEqual(['arn:aws:sns:eu-west-1:111122223333:on-call']);
      expect(Properties.AlarmDescription).toMatch(
        / Runbook: https:\/\/wiki\.example\.com\/foreshard\/[\w-]+\.md$/,
      );
    }
  });
});

describe('what is wrong is said at synth, with field, bound and value', () => {
  const message = (context: Record<string, unknown>): string => {
    try {
      synthesise(context);
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing was wrong';
  };
  const withFleet = (fleet: string) =>
    settingsFile(MINIMAL.replace(/fleet:.*/, `fleet: { max: 20, ${fleet} }`));

  it.each([
    [
      { settings: withFleet('instanceTypes: [{ type: m7i.large }, { type: m7g.large }]') },
      'fleet.instanceTypes[1].type: expected x86_64 as m7i.large has, got m7g.large (arm64)',
    ],
    [
      { settings: withFleet('zones: [us-east-1a, b]'), region: 'eu-west-1' },
      'fleet.zones[0]: expected a letter or a zone of eu-west-1, got us-east-1a',
    ],
    [{ settings: many(95), region: 'eu-west-1' }, 'nothing was wrong'],
    [{ settings: withFleet('zones: [a]') }, 'fleet.zones: expected at least 2 for a load balancer, got 1'],
    [{ natGateways: '-1' }, /^context natGateways: .*, got "-1"$/],
    [{ vpc: '{' }, 'context vpc: expected JSON, got "{"'],
    [{ vpc: '{"id": "vpc-1"}' }, /^context vpc\.zones: /],
    [{ ami: 'latest' }, 'context ami: expected ami-…, got "latest"'],
    [{ endpoints: '{"ec2": "http://127.0.0.1"}' }, /^context endpoints/],
    [{ settings: 'no/such/file.yaml' }, /no\/such\/file\.yaml/],
  ] as const)('%j', (context, expected) => {
    if (typeof expected === 'string') expect(message(context)).toBe(expected);
    else expect(message(context)).toMatch(expected);
  });

  it('refuses a path among shards of several load balancers', () => {
    const file = many(95);
    const text = readFileSync(file, 'utf8').replace('route: { host: s0.example.com }, ', '');
    expect(message({ settings: settingsFile(text) })).toBe(
      'shards[0].route: expected a host, because 2 load balancers share the shards, got "/s0/*"',
    );
  });
});
