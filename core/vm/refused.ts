/** One thing that is wrong with what was asked for. */
export interface VmProblem {
  /** Path of the field: `shards[1].RAM`. */
  readonly field: string;
  /** What would be right, as a noun phrase with its numbers. */
  readonly bound: string;
  readonly value: string;
}

/** What was asked for cannot be had, or is not allowed now. Each problem names field, bound and value. */
export class VmRefused extends Error {
  override readonly name = 'VmRefused';
  readonly problems: readonly VmProblem[];
  constructor(problems: readonly VmProblem[]) {
    super(problems.map(({ field, bound, value }) => `${field}: expected ${bound}, got ${value}`).join('\n'));
    this.problems = problems;
  }
}

/** No such instance or VM shard. */
export class VmUnknown extends Error {
  override readonly name = 'VmUnknown';
}

/** Somebody else changed the instance's VM shards meanwhile. */
export class VmChanged extends Error {
  override readonly name = 'VmChanged';
}
