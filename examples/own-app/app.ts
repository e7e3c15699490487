import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { MachineImage, SecurityGroup, UserData, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationListener, ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { check, ShardedService } from '../../infra/index.ts';

/**
 * A CDK app of one's own: its VPC, its load balancer, its image and its alarm topic; Foreshard adds the rest. Run it
 * from the repository with
 *
 *     npx cdk synth --app 'node examples/own-app/app.ts'
 *
 * All ids here are made up. Nothing is looked up: attributes say what is needed, so that synth needs no credentials.
 */
const app = new App();
const stack = new Stack(app, 'Search', { env: { account: '111122223333', region: 'eu-west-1' } });

const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  vpcCidrBlock: '10.20.0.0/16',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  privateSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
});

const door = SecurityGroup.fromSecurityGroupId(stack, 'Door', 'sg-0fedcba9876543210');
const loadBalancer = ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(stack, 'LoadBalancer', {
  loadBalancerArn:
    'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/search/50dc6c495c0c9188',
  loadBalancerDnsName: 'search-1234567890.eu-west-1.elb.amazonaws.com',
  securityGroupId: door.securityGroupId,
  vpc,
});
const listener = ApplicationListener.fromApplicationListenerAttributes(stack, 'Listener', {
  listenerArn:
    'arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/search/50dc6c495c0c9188/f2f7dc8efc522ab2',
  securityGroup: door,
});

// An image that has the service, its hooks and the unit that completes the launch hook; docs/deploy.md says what that is.
const machineImage = MachineImage.genericLinux({ 'eu-west-1': 'ami-0abcdef1234567890' });
const userData = UserData.forLinux();
userData.addCommands('systemctl enable --now search.service');

new ShardedService(stack, 'Foreshard', {
  settings: join(import.meta.dirname, 'settings.yaml'),
  vpc,
  entrances: [{ loadBalancer, listener }],
  machineImage,
  userData,
  alarmTopic: Topic.fromTopicArn(stack, 'OnCall', 'arn:aws:sns:eu-west-1:111122223333:on-call'),
  runbooks: 'https://wiki.example.com/foreshard/',
});

check(app);
