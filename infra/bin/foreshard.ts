import { App } from 'aws-cdk-lib';
import { readContext } from '../context.ts';
import { check } from '../nag.ts';
import { omit } from '../omit.ts';
import { ForeshardStack } from '../stack.ts';

/** The app that `npx cdk deploy` runs: one service, from its settings file and what the context says. */
const app = new App();
const { stackName, omitted, ...props } = readContext(app);
const stack = new ForeshardStack(app, stackName, props);
omit(stack, omitted);
check(app);
