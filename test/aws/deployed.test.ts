import { afterAll, beforeAll, beforeEach, describe, inject, onTestFailed } from 'vitest';
import { announcer } from './aws-events.ts';
import { api } from './deployed/api.ts';
import { commands } from './deployed/commands.ts';
import { example } from './deployed/example.ts';
import { failure } from './deployed/failure.ts';
import { forecasterStates } from './deployed/forecaster-states.ts';
import { guarantees } from './deployed/guarantees.ts';
import { handOver } from './deployed/hand-over.ts';
import { hold } from './deployed/hold.ts';
import { interruption } from './deployed/interruption.ts';
import { load } from './deployed/load.ts';
import { observability } from './deployed/observability.ts';
import { policies } from './deployed/policies.ts';
import { proposals } from './deployed/proposals.ts';
import { routes } from './deployed/routes.ts';
import { settings, settingsEnd } from './deployed/settings.ts';
import { shadow } from './deployed/shadow.ts';
import { standby } from './deployed/standby.ts';
import { termination } from './deployed/termination.ts';
import { bootstrap, deployExample, deployOwn } from './deployment.ts';
import type { World } from './world.ts';

let own: World;
let shown: World;

/** What a person needs to see when a test has failed. */
async function tell(world: World, from: number): Promise<void> {
  const lines = (await world.log(from)).filter((line) => !line.includes('"_aws"'));
  console.error(`what the functions logged meanwhile:\n${lines.slice(-200).join('\n')}`);
  console.error(`what is there:\n${await world.summary()}`);
}

/**
 * The real template, deployed with the CDK CLI, its functions and machines running: what they did is read from outside,
 * through AWS's APIs. The tests follow each other as the days of a service do; each takes the world as it finds it.
 */
describe('a deployed service', () => {
  let announcing: NodeJS.Timeout;

  beforeAll(async () => {
    const where = inject('where');
    await bootstrap(where);
    own = await deployOwn(where);
    shown = await deployExample(where);
    const announce = announcer(own);
    announcing = setInterval(() => announce().catch((error) => console.error(error)), 2000);
  });

  afterAll(() => clearInterval(announcing));

  beforeEach(() => {
    const from = Date.now();
    onTestFailed(() => tell(own, from));
  });

  const world = () => own;
  describe('routes', () => routes(world));
  describe('a new fleet', () => guarantees(world));
  describe('load', () => load(world));
  describe('what forecasters have learnt', () => forecasterStates(world));
  describe('a shard in shadow', () => shadow(world));
  let interrupted: ReturnType<typeof interruption>;
  describe('an instance that Spot takes', () => {
    interrupted = interruption(world);
  });
  let handedOver: ReturnType<typeof handOver>;
  describe('a shard with state', () => {
    handedOver = handOver(world);
  });
  describe('settings', () => settings(world));
  describe('a failure', () => failure(world));
  describe('hold', () => hold(world));
  describe('a cold standby', () => standby(world));
  describe('the termination policy', () => termination(world));
  describe('what is seen of it', () => observability(world));
  describe('commands', () => commands(world));
  describe('the API', () => api(world));
  describe('settings, again', () => settingsEnd(world));
  describe('that instance, two minutes later', () => interrupted.end());
  describe('the shard with state, two minutes later', () => handedOver.end());
});

describe('the example, as a first deploy makes it', () => {
  beforeEach(() => {
    const from = Date.now();
    onTestFailed(() => tell(shown, from));
  });

  example(() => shown);
  describe('new shards in it', () => proposals(() => shown));
});

describe('policies', () =>
  policies(
    () => own,
    () => shown,
  ));
