import { bootstrap, deploy } from './cdk.ts';
import { fleetHalf, makeGroups, makeSite, type Site } from './fleet-half.ts';
import { LEFT_OUT } from './lacks.ts';
import { REGION, type Where } from './servers.ts';
import { World } from './world.ts';

const ROOT_FOLDER = new URL('../..', import.meta.url).pathname;
const OMIT = LEFT_OUT.join(',');

/** Makes the account ready, once for all deploys. */
export { bootstrap };

/**
 * A user's own app (own-app.ts) with the settings beside it, all shards but one active: its network, load balancer and
 * groups are in moto.
 */
export async function deployOwn(where: Where): Promise<World> {
  const service = 'proof';
  const site = await makeSite(fleetHalf(), service);
  await makeGroups(fleetHalf(), service, site);
  const name = `Foreshard-${service}`;
  const outputs = await deploy(where, `node ${ROOT_FOLDER}test/aws/own-app.ts`, {
    name,
    settings: `${ROOT_FOLDER}test/aws/settings.yaml`,
    site: JSON.stringify(site),
    omit: OMIT,
  });
  return new World(where, service, site, outputs[name]!);
}

/**
 * What `cdk deploy` makes without a word: examples/fleet.yaml, every type of resource that MiniStack knows, all shards
 * in shadow. Its load balancer is the template's own, in MiniStack, so that its functions' calls of it are held to
 * their policies; its groups are in moto as ever.
 */
export async function deployExample(where: Where): Promise<World> {
  const service = 'demo';
  const site: Site = await makeSite(fleetHalf(), service);
  await makeGroups(fleetHalf(), service, site);
  const outputs = await deploy(where, 'node infra/bin/foreshard.ts', {
    omit: OMIT,
    region: REGION,
    natGateways: '0',
    ami: 'ami-12345678',
    endpoints: JSON.stringify({ ELASTIC_LOAD_BALANCING_V2: where.ministack }),
  });
  return new World(where, service, site, outputs[`Foreshard-${service}`]!);
}
