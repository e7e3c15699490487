import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** What a service remembers. Table and bucket outlive the stack: they are never deleted with it. */
export class State extends Construct {
  readonly table: Table;
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      // A key that AWS owns: encrypted, and each request free. A key of one's own would cost $0.03 per 10,000 of them.
      encryption: TableEncryption.DEFAULT,
    });
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [
        // Forecasters are written every few minutes; settings seldom, and their past is worth something.
        { id: 'forecasters', prefix: 'forecasters/', noncurrentVersionExpiration: Duration.days(1) },
        { id: 'settings', prefix: 'settings', noncurrentVersionExpiration: Duration.days(365) },
        // What a hand-over has left behind that was cut off.
        {
          id: 'hand-overs',
          prefix: 'hand-overs/',
          expiration: Duration.days(1),
          noncurrentVersionExpiration: Duration.days(1),
        },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Only functions and instances of this stack read and write it; where that has to be audited, CloudTrail data events say more than access logs.',
    });
  }
}
