export { TIMING, type Timing } from './channel.ts';
export * from './errors.ts';
export { filesState, type Place } from './files/index.ts';
export { type OpenCopy, openCopy } from './open-copy.ts';
export { type PreCopied, type PreCopy, preCopy } from './pre-copy.ts';
export { CopyServer, type CopyServerOptions, type Refusal } from './server.ts';
export * from './types.ts';
