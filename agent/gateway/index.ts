export * from './clock.ts';
export * from './gateway.ts';
export * from './keeper.ts';
export * from './lease.ts';
export * from './peers.ts';
export * from './slot-table.ts';
