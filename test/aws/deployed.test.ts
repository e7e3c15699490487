import { afterAll, beforeAll, beforeEach, describe, inject, onTestFailed } from 'vitest';
import { announcer } from './aws-events.ts';
import { commands } from './deployed/commands.ts';
import { failure } from './deployed/failure.ts';
import { guarantees } from './deployed/guarantees.ts';
import { hold } from './deployed/hold.ts';
import { interruption } from './deployed/interruption.ts';
import { load } from './deployed/load.ts';
import { observability } from './deployed/observability.ts';
import { routes } from './deployed/routes.ts';
import { settings } from './deployed/settings.ts';
import { shadow } from './deployed/shadow.ts';
import { termination } from './deployed/termination.ts';
import { bootstrap, deployOwn } from './deployment.ts';
import type { World } from './world.ts';

/**
 * The real template, deployed with the CDK CLI, its functions and machines running: what they did is read from outside,
 * through AWS's APIs. The tests follow each other as the days of a service do; each takes the world as it finds it.
 */
describe('a deployed service', () => {
  let own: World;
  let began: number;
  let announcing: NodeJS.Timeout;

  beforeAll(async () => {
    const where = inject('where');
    await bootstrap(where);
    own = await deployOwn(where);
    const announce = announcer(own);
    announcing = setInterval(() => announce().catch((error) => console.error(error)), 2000);
  });

  afterAll(() => clearInterval(announcing));

  beforeEach(() => {
    began = Date.now();
    onTestFailed(async () => {
      const lines = await own.log(began);
      const metrics = lines.filter((line) => !line.includes('"_aws"'));
      console.error(`what the functions logged meanwhile:\n${metrics.slice(-200).join('\n')}`);
      console.error(`what is there:\n${await own.summary()}`);
    });
  });

  const world = () => own;
  describe('routes', () => routes(world));
  describe('a new fleet', () => guarantees(world));
  describe('load', () => load(world));
  describe('a shard in shadow', () => shadow(world));
  let interrupted: ReturnType<typeof interruption>;
  describe('an instance that Spot takes', () => {
    interrupted = interruption(world);
  });
  describe('settings', () => settings(world));
  describe('a failure', () => failure(world));
  describe('hold', () => hold(world));
  describe('the termination policy', () => termination(world));
  describe('what is seen of it', () => observability(world));
  describe('commands', () => commands(world));
  describe('that instance, two minutes later', () => interrupted.end());
});
