export { TIMING, type Timing } from './channel.ts';
export * from './errors.ts';
export { filesState, type Place } from './files/index.ts';
export { HOP_PREFIX, type HopStore } from './hop.ts';
export { type OpenCopy, openCopy } from './open-copy.ts';
export { acceptHop, HOP_TIMING, type HopTiming, type OpenHop, openHop } from './open-hop.ts';
export { type PreCopied, type PreCopy, preCopy } from './pre-copy.ts';
export { CopyServer, type CopyServerOptions, type Refusal } from './server.ts';
export * from './types.ts';
