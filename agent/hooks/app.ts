import { APP_PORT_OFFSET, type AppConfig } from '../config.ts';
import type { App } from '../contract.ts';
import { ExecApp } from './exec.ts';
import { HttpApp } from './http.ts';

export interface AppOf {
  readonly shard: string;
  /** Port of the slice. */
  readonly port: number;
  /** Whether a gateway stands in front of the application: it listens on 127.0.0.1:{@link appPortOf} then. */
  readonly gateway: boolean;
}

/** Where the application of a slice listens behind a gateway. */
export const appPortOf = (port: number) => port + APP_PORT_OFFSET;

/** The application of one slice in one shard, as the configuration says that it is to be asked. */
export function appOf({ hooks, timeouts }: AppConfig, { shard, port, gateway }: AppOf): App {
  const listen = gateway ? appPortOf(port) : port;
  const fill = (text: string) =>
    text
      .replaceAll('{shard}', shard)
      .replaceAll('{port}', String(port))
      .replaceAll('{appPort}', String(listen));
  return 'http' in hooks
    ? new HttpApp({ base: fill(hooks.http), shard, listen, timeouts })
    : new ExecApp({ folder: fill(hooks.exec), shard, port, listen, timeouts });
}
