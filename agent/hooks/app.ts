import { APP_PORT_OFFSET, type AppConfig } from '../config.ts';
import type { App } from '../contract.ts';
import { filesState } from '../transfer/index.ts';
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
export function appOf({ hooks, state, timeouts }: AppConfig, { shard, port, gateway }: AppOf): App {
  const listen = gateway ? appPortOf(port) : port;
  const fill = (text: string, slot = '{slot}') =>
    text
      .replaceAll('{shard}', shard)
      .replaceAll('{port}', String(port))
      .replaceAll('{appPort}', String(listen))
      .replaceAll('{slot}', slot);
  const app =
    'http' in hooks
      ? new HttpApp({ base: fill(hooks.http), shard, listen, timeouts })
      : new ExecApp({ folder: fill(hooks.exec), shard, port, listen, timeouts });
  if (state === 'stream') return app;
  const files = filesState((slot) =>
    'files' in state
      ? { files: state.files.map((file) => fill(file, String(slot))) }
      : { directory: fill(state.directory, String(slot)) },
  );
  return withState(app, files);
}

/** The hooks of one, and the state of another: their methods may be those of a class. */
function withState(app: App, state: App['state']): App {
  return {
    activate: (shard, signal) => app.activate(shard, signal),
    deactivate: (shard, signal) => app.deactivate(shard, signal),
    serve: (slot, epoch, signal) => app.serve(slot, epoch, signal),
    quiesce: (slots, signal) => app.quiesce(slots, signal),
    resume: (slots, signal) => app.resume(slots, signal),
    release: (slot, epoch, signal) => app.release(slot, epoch, signal),
    stats: (signal) => app.stats(signal),
    state,
    isDurable: true,
  };
}
