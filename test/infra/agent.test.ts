import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOOK_DOCUMENT } from '../../infra/hook-document.ts';
import { fleetOnX86, MINIMAL, type Synthesised, settingsFile, synthesise } from './synth.ts';

const COPIED = settingsFile(
  MINIMAL.replace('capacity: {', 'handOver: { state: copy, stateMiB: 100 }, capacity: {').replace(
    'max: 20',
    'max: 20, slicesPerInstance: 2, instanceTypes: [{ type: m7i.large }]',
  ),
);
const without = synthesise();
const made = synthesise({ settings: COPIED });

/** What an instance runs at its first start, with references in the place of what is known at deploy only. */
function userDataOf({ one }: Synthesised): string {
  const { UserData } = one('AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;
  return UserData === undefined ? '' : flat(UserData['Fn::Base64']);
}
// biome-ignore lint/suspicious/noExplicitAny: a template is a tree of anything
const flat = (value: any): string =>
  typeof value === 'string'
    ? value
    : value['Fn::Join']
      ? value['Fn::Join'][1].map(flat).join('')
      : value['Fn::Sub']
        ? value['Fn::Sub']
        : `<${value.Ref ?? JSON.stringify(value)}>`;
const configOf = (data: string) => JSON.parse(/AGENT'\n([\s\S]*?)\nAGENT\n/.exec(data)![1]!);
const instanceRole = ({ of }: Synthesised) =>
  Object.values(of('AWS::IAM::Role')).find(({ Properties }) =>
    /: instance( and |$)/.test(Properties.Description),
  )!.Properties;
const findings = ({ folder }: Synthesised): unknown[] =>
  JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8')).pluginReports.flatMap(
    ({ violations }: { violations: unknown[] }) => violations,
  );

describe('the agent', () => {
  it('is there where state is copied, and nowhere else; the prop has the last word', () => {
    expect(userDataOf(made)).toContain('bash "$agent/install.sh"');
    expect(userDataOf(without)).not.toContain('AGENT');
    expect(instanceRole(without).Description).toBe('Foreshard: instance');
    expect(userDataOf(synthesise({ settings: COPIED, agent: 'false' }))).not.toContain('AGENT');
    expect(userDataOf(synthesise({ settings: fleetOnX86(), agent: 'true' }))).toContain('AGENT');
  });

  it('is there where instances are divided into VM shards', () => {
    const vm = settingsFile(`${MINIMAL}vm: { maxPerInstance: 4 }\n`);
    expect(userDataOf(synthesise({ settings: vm }))).toContain('AGENT');
  });

  it('passes cdk-nag', () => {
    expect(findings(made)).toEqual([]);
  });

  it('knows its table and bucket, and the user’s hooks', () => {
    const names = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket'].map((type) => Object.keys(made.of(type))[0]);
    expect(configOf(userDataOf(made))).toEqual({
      service: 'tiny',
      table: `<${names[0]}>`,
      bucket: `<${names[1]}>`,
      transferPort: 7946,
    });
    const own = { hooks: { http: 'http://127.0.0.1:{appPort}/hooks' }, state: { directory: '/srv/{slot}' } };
    const config = configOf(userDataOf(synthesise({ settings: COPIED, agent: JSON.stringify(own) })));
    expect(config).toMatchObject(own);
    expect(() => synthesise({ agent: '{"hooks": {"exec": "hooks"}}' })).toThrow(/^context agent/);
  });

  it('comes before the sample service, which says that the instance is ready, or alone on an image of one’s own', () => {
    const data = userDataOf(made);
    expect(data.indexOf('install.sh" && rm')).toBeLessThan(data.indexOf('examples/sample-service'));
    const own = userDataOf(
      synthesise({ settings: COPIED, ami: 'ami-0123456789abcdef0', region: 'eu-west-1' }),
    );
    expect(own).not.toContain('sample-service');
    expect(own).toContain('AGENT');
    expect(Buffer.byteLength(data)).toBeLessThan(16 * 1024);
  });

  it('may do what it has to on its own items and objects alone', () => {
    const statements = instanceRole(made).Policies[0].PolicyDocument.Statement;
    // biome-ignore lint/suspicious/noExplicitAny: a template is a tree of anything
    const of = (action: string): any[] =>
      // biome-ignore lint/suspicious/noExplicitAny: a template is a tree of anything
      statements.filter(({ Action }: any) => [Action].flat().includes(action));
    for (const verb of ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'])
      expect(of(`dynamodb:${verb}`).map(({ Condition }) => Condition)).toEqual([
        {
          'ForAllValues:StringEquals': {
            'dynamodb:LeadingKeys': ['slots', 'agent', 'hand-over', 'hand-over-target', 'vm'],
          },
        },
      ]);
    // What ForAllValues would let pass has no keys: a scan. It is not granted.
    expect(of('dynamodb:Scan')).toEqual([]);
    for (const verb of ['PutObject', 'DeleteObject'])
      expect(JSON.stringify(of(`s3:${verb}`).map(({ Resource }) => Resource))).toMatch(
        /^\[\{.*"\/hand-overs\/\*"\]\]\}\]$/,
      );
    const read = JSON.stringify(of('s3:GetObject'));
    for (const part of ['settings.yaml', 'hand-overs/*']) expect(read).toContain(part);
    expect(read).not.toMatch(/"\/\*"/);
  });

  it('is reached by its like alone', () => {
    const ports = (of: Synthesised) =>
      Object.values(of.of('AWS::EC2::SecurityGroupIngress'))
        .filter(
          ({ Properties }) =>
            JSON.stringify(Properties.GroupId) === JSON.stringify(Properties.SourceSecurityGroupId),
        )
        .map(({ Properties }) => [Properties.FromPort, Properties.ToPort])
        .sort();
    expect(ports(made)).toEqual([
      [7946, 7946],
      [8080, 8081],
    ]);
    expect(ports(without)).toEqual([]);
  });

  it('leaves nothing of a hand-over in the bucket for longer than a day or two', () => {
    const { Rules } = made.one('AWS::S3::Bucket').Properties.LifecycleConfiguration;
    expect(Rules.find(({ Prefix }: { Prefix: string }) => Prefix === 'hand-overs/')).toMatchObject({
      ExpirationInDays: 1,
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
    });
  });

  it('runs the hooks of moves where it is', () => {
    const [step] = HOOK_DOCUMENT.mainSteps;
    const script = step.inputs.runCommand.join('\n');
    expect(script.indexOf('foreshard-agent')).toBeLessThan(script.indexOf('/opt/foreshard/hooks'));
  });
});
