import { App, type Stack } from 'aws-cdk-lib';
import { MachineImage, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationListener, ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { z } from 'zod';
import { check } from '../../infra/nag.ts';
import { omit } from '../../infra/omit.ts';
import { ForeshardStack } from '../../infra/stack.ts';

/**
 * A user's own CDK app: their VPC, their load balancer, their image. Here these are in moto, where the functions make
 * target groups and rules.
 */
const contextSchema = z.object({
  settings: z.string(),
  name: z.string(),
  omit: z.string(),
  site: z.string().transform((text) =>
    z
      .object({
        vpc: z.string(),
        zones: z.array(z.string()),
        subnets: z.array(z.string()),
        securityGroup: z.string(),
        loadBalancer: z.string(),
        listener: z.string(),
      })
      .parse(JSON.parse(text)),
  ),
});

const app = new App();
const { settings, name, site, ...left } = contextSchema.parse(
  Object.fromEntries(Object.keys(contextSchema.shape).map((key) => [key, app.node.tryGetContext(key)])),
);
const own = (stack: Stack) => {
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: site.vpc,
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: [...site.zones],
    privateSubnetIds: [...site.subnets],
  });
  const securityGroup = SecurityGroup.fromSecurityGroupId(stack, 'Door', site.securityGroup);
  const loadBalancer = ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(stack, 'LoadBalancer', {
    loadBalancerArn: site.loadBalancer,
    securityGroupId: site.securityGroup,
    loadBalancerDnsName: 'door.example.com',
    vpc,
  });
  const listener = ApplicationListener.fromApplicationListenerAttributes(stack, 'Listener', {
    listenerArn: site.listener,
    securityGroup,
  });
  const machineImage = MachineImage.genericLinux({ [stack.region]: 'ami-12345678' });
  return { settings, vpc, machineImage, entrances: [{ loadBalancer, listener }] };
};
const stack = new ForeshardStack(app, name, {
  env: { account: '000000000000', region: 'us-east-1' },
  service: own,
});
omit(stack, left.omit.split(','));
check(app);
