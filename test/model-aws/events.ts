/** What EventBridge would carry of it; time, account and region are the listener's to add. */
export interface AwsEvent {
  readonly source: 'aws.ec2' | 'aws.autoscaling';
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, string>>;
}
