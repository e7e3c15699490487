/**
 * What the fleet asks of EC2 itself; everything else goes through Auto Scaling. An id that EC2 does not know is left
 * out of an answer and passed over by an order: the instance has ended.
 */
export interface Machines {
  start(instances: readonly string[]): Promise<void>;
  stop(instances: readonly string[]): Promise<void>;
  terminate(instances: readonly string[]): Promise<void>;
  /** State by id, as EC2 names it: `pending`, `running`, `stopping`, `stopped`, `shutting-down`, `terminated`. */
  states(instances: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
