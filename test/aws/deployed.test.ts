import { beforeAll, beforeEach, describe, inject, onTestFailed } from 'vitest';
import { routes } from './deployed/routes.ts';
import { bootstrap, deployOwn } from './deployment.ts';
import type { World } from './world.ts';

/**
 * The real template, deployed with the CDK CLI, its functions and machines running: what they did is read from outside,
 * through AWS's APIs. The tests follow each other as the days of a service do; each takes the world as it finds it.
 */
describe('a deployed service', () => {
  let own: World;
  let began: number;

  beforeAll(async () => {
    const where = inject('where');
    await bootstrap(where);
    own = await deployOwn(where);
  });

  beforeEach(() => {
    began = Date.now();
    onTestFailed(async () => {
      const lines = await own.log(began);
      console.error(`what the functions logged meanwhile:\n${lines.slice(-200).join('\n')}`);
    });
  });

  describe('routes', () => routes(() => own));
});
