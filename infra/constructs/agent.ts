import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ISecurityGroup, Port, type UserData } from 'aws-cdk-lib/aws-ec2';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { bundleAgent } from '../../agent/bundle.ts';
import { type AppConfigInput, parseConfig } from '../../agent/config.ts';
import { type Architecture, packedRuntime } from '../../agent/runtime.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { FIRST_PORT } from '../../core/shards/slice.ts';

export interface AgentProps {
  readonly settings: Settings;
  readonly tableName: string;
  readonly bucketName: string;
  /** Of the instances. */
  readonly architecture: Architecture;
  /** Where hooks and state are. */
  readonly config: AppConfigInput;
}

/** Where other agents bring state to. */
const TRANSFER_PORT = 7946;

let bundled: string | undefined;

/** The agent's files, bundled once per process. */
function bundle(): string {
  if (bundled !== undefined && existsSync(bundled)) return bundled;
  const folder = mkdtempSync(join(tmpdir(), 'foreshard-agent-'));
  // The assembly has copies by then.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  bundleAgent(folder);
  bundled = folder;
  return folder;
}

/** The agent as instances get it: its files and, apart from them because it seldom changes, its runtime. */
export class Agent extends Construct {
  readonly files: Asset;
  readonly runtime: Asset;
  readonly #config: string;

  /** @throws {ConfigError} that names what is wrong with the configuration */
  constructor(scope: Construct, id: string, props: AgentProps) {
    super(scope, id);
    const { settings, tableName, bucketName, architecture, config } = props;
    this.files = new Asset(this, 'Files', { path: bundle() });
    this.runtime = new Asset(this, 'Runtime', { path: packedRuntime(architecture) });
    const whole = {
      service: settings.service,
      table: tableName,
      bucket: bucketName,
      transferPort: TRANSFER_PORT,
      ...config,
    };
    // JSON is YAML.
    this.#config = JSON.stringify(whole, null, 1);
    parseConfig(this.#config, 'agent');
  }

  /** Appends what installs the agent at the first boot. It needs the AWS CLI, and unzip or Python. */
  install(userData: UserData): void {
    userData.addCommands(
      'set -euo pipefail',
      'agent=$(mktemp -d)',
      `aws s3 cp --only-show-errors ${this.files.s3ObjectUrl} "$agent/files.zip"`,
      `aws s3 cp --only-show-errors ${this.runtime.s3ObjectUrl} "$agent/node.gz"`,
      '(cd "$agent" && { unzip -qo files.zip || python3 -m zipfile -e files.zip .; })',
      `cat >"$agent/agent.yaml" <<'AGENT'`,
      this.#config,
      'AGENT',
      'bash "$agent/install.sh" && rm -rf "$agent"',
    );
  }

  /** Agents reach each other's gateways, and the port where state is brought. */
  static connect(instances: ISecurityGroup, { fleet, vm }: Settings): void {
    const { connections } = instances;
    connections.allowInternally(Port.tcp(TRANSFER_PORT), 'state');
    connections.allowInternally(
      Port.tcpRange(FIRST_PORT, FIRST_PORT + Math.max(fleet.slicesPerInstance, vm.maxPerInstance) - 1),
      'requests for slots of another instance',
    );
  }
}

/** Whether some shard's instances cannot do without it. */
export const needsAgent = ({ shards, vm }: Settings) =>
  vm.maxPerInstance > 0 || shards.some(({ handOver }) => handOver.state === 'copy');
