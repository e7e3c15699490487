import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

/** cdk-nag at every synth; its result is in cdk.out/validation-report.json. */
export function check(app: IConstruct): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}
