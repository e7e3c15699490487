import { sliceId } from '../../core/shards/slice.ts';
import type { Daemon } from '../daemon.ts';
import type { ControlRequest } from './protocol.ts';

/** Carries one command out. @returns what to print */
export async function handle(
  daemon: Pick<Daemon, 'instance' | 'activate' | 'deactivate' | 'status' | 'serving'>,
  request: ControlRequest,
): Promise<string> {
  switch (request.command) {
    case 'status':
      return JSON.stringify(daemon.status(), null, 2);
    case 'activate': {
      const { slice, port, appPort } = await daemon.activate(sliceOf(daemon, request.slice), request.shard);
      return `${slice} serves ${request.shard} on port ${port}, the application listens on ${appPort}`;
    }
    case 'deactivate': {
      const slice = sliceOf(daemon, request.slice);
      await daemon.deactivate(slice, request.shard);
      return `${slice} does not serve ${request.shard}`;
    }
    case 'hand-over':
      return daemon.serving.handOver(sliceOf(daemon, request.slice), request.target);
  }
}

/** @throws {RangeError} where none is named and the host has several */
function sliceOf(daemon: Pick<Daemon, 'instance' | 'status'>, named: string | undefined): string {
  if (named !== undefined) return /^\d+$/.test(named) ? sliceId(daemon.instance, Number(named)) : named;
  const { slices } = daemon.status();
  if (slices.length !== 1)
    throw new RangeError(`port: expected one of ${slices.map(({ port }) => port).join(', ')}, got none`);
  return slices[0]!.slice;
}
