import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALARMS } from '../../infra/alarms.ts';
import { HOOK_DOCUMENT } from '../../infra/hook-document.ts';
import { METRICS } from '../../lambdas/lib/metric-names.ts';
import { MINIMAL, settingsFile, synthesise } from './synth.ts';

const template = synthesise();

describe('what a service remembers', () => {
  const table = template.one('AWS::DynamoDB::Table');
  const bucket = template.one('AWS::S3::Bucket');

  it('is never lost with the stack', () => {
    for (const { DeletionPolicy, UpdateReplacePolicy } of [table, bucket])
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(table.Properties.DeletionProtectionEnabled).toBe(true);
  });

  it('is one table by pk and sk, paid by request, with TTL and recovery to a point in time', () => {
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    expect(table.Properties).not.toHaveProperty('GlobalSecondaryIndexes');
  });

  it('is a bucket that is versioned, encrypted, closed, and reached by TLS only', () => {
    expect(bucket.Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    expect(bucket.Properties.BucketEncryption).toBeDefined();
    expect(JSON.stringify(template.one('AWS::S3::BucketPolicy'))).toContain('"aws:SecureTransport":"false"');
    for (const rule of bucket.Properties.LifecycleConfiguration.Rules)
      expect(rule.NoncurrentVersionExpiration ?? rule.AbortIncompleteMultipartUpload).toBeDefined();
  });
});

describe('logs', () => {
  it('end after a month, and go with the stack', () => {
    for (const { Properties, DeletionPolicy } of Object.values(template.of('AWS::Logs::LogGroup'))) {
      expect(Properties.RetentionInDays).toBe(30);
      expect(DeletionPolicy).toBe('Delete');
    }
  });
});

describe('the document of the hooks', () => {
  const { parameters } = HOOK_DOCUMENT;

  it('is the command document of that name', () => {
    expect(template.one('AWS::SSM::Document').Properties).toMatchObject({
      Name: 'foreshard-demo-hook',
      DocumentType: 'Command',
      UpdateMethod: 'NewVersion',
      Content: { schemaVersion: '2.2' },
    });
  });

  it.each(['a;b', 'a b', '$(id)', '`id`', '-x', 'a\nb', '', 'x'.repeat(33), "a'b"])(
    'refuses shard %j',
    (shard) => {
      expect(new RegExp(parameters.shard.allowedPattern).test(shard)).toBe(false);
    },
  );

  it.each(['', '0', '80 80', '8080;id', '123456'])('refuses port %j', (port) => {
    expect(new RegExp(parameters.port.allowedPattern).test(port)).toBe(false);
  });

  it('takes what the settings take', () => {
    expect(new RegExp(parameters.shard.allowedPattern).test('seller-feed')).toBe(true);
    expect(new RegExp(parameters.port.allowedPattern).test('8080')).toBe(true);
    expect(parameters.action.allowedValues).toEqual(['activate', 'deactivate']);
  });
});

describe('alarms', () => {
  const alarms = Object.values(template.of('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

  it('are few: $0.10 a month each', () => {
    expect(alarms).toHaveLength(ALARMS.length);
    expect(ALARMS.length).toBeLessThanOrEqual(12);
  });

  it.each(ALARMS.map(({ id }) => id))('%s leads to its runbook, and the runbook says what to do', (id) => {
    const alarm = alarms.find(({ AlarmName }) => AlarmName === `foreshard-demo-${id}`);
    const runbook = /Runbook: (\S+)$/.exec(alarm.AlarmDescription)![1]!;
    expect(existsSync(runbook)).toBe(true);
    const text = readFileSync(runbook, 'utf8');
    for (const heading of ['## What it means', '## Look', '## Do']) expect(text).toContain(heading);
    expect(alarm.AlarmActions).toHaveLength(1);
  });

  it('tell when no tick was good for three minutes, also when nothing is heard at all', () => {
    expect(alarms.find(({ AlarmName }) => AlarmName === 'foreshard-demo-tick-stale')).toMatchObject({
      Namespace: 'Foreshard',
      MetricName: 'GoodTick',
      Dimensions: [{ Name: 'service', Value: 'demo' }],
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 3,
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      TreatMissingData: 'breaching',
    });
  });

  it('publish to an encrypted topic that CloudWatch may use', () => {
    const topic = template.one('AWS::SNS::Topic').Properties;
    expect(topic.KmsMasterKeyId).toBeDefined();
    expect(JSON.stringify(template.one('AWS::KMS::Key').Properties.KeyPolicy)).toContain(
      'cloudwatch.amazonaws.com',
    );
  });
});

describe('the dashboard', () => {
  const text = JSON.stringify(template.one('AWS::CloudWatch::Dashboard').Properties.DashboardBody);

  it('shows the shards and each metric of the fleet', () => {
    expect(text).toContain('function:foreshard-demo-shard-charts');
    for (const metric of Object.keys(METRICS)) expect(text).toContain(`\\"${metric}\\"`);
  });

  it('has a metric that is no larger with more shards', () => {
    const shards = Array.from(
      { length: 50 },
      (_, i) => `  - { name: s${i}, capacity: { perInstance: 1 } }`,
    ).join('\n');
    const many = synthesise({
      settings: settingsFile(
        MINIMAL.replace(/ {2}- .*/, shards)
          .replace('tiny', 'demo')
          .replace('max: 20', 'max: 100'),
      ),
    });
    const body = (of: typeof template) =>
      JSON.stringify(of.one('AWS::CloudWatch::Dashboard').Properties.DashboardBody);
    expect(body(many).length).toBeLessThan(1.01 * text.length);
  });
});

describe('outputs', () => {
  it('are those by which the command line finds a deployment', () => {
    expect(Object.keys(template.outputs).sort()).toEqual([
      'ApiUrl',
      'BucketName',
      'BusName',
      'DashboardUrl',
      'LoadBalancerDns',
      'PlanFunction',
      'RouteSyncFunction',
      'SpotGroup',
      'SteadyGroup',
      'TableName',
    ]);
  });
});
