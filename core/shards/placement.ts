import type { Seconds } from '../time.ts';

/**
 * Where a slice stands. A slice is in exactly one placement and owned by at most one shard (DESIGN.md, invariant 1).
 *
 * Lifecycle: `ready` → (`reserved` →) `activating` → `active` → `draining` → `ready`.
 */
export type Placement =
  /** Initialised, bound to no shard. */
  | { readonly kind: 'ready'; readonly since: Seconds }
  /** Held for a shard until `until`, and for those in `also`, whose risks are independent; serves nothing. */
  | {
      readonly kind: 'reserved';
      readonly since: Seconds;
      readonly shard: string;
      readonly also?: readonly string[];
      readonly until: Seconds;
    }
  /** Entering the shard's environment; may already be registered, not yet healthy. */
  | { readonly kind: 'activating'; readonly since: Seconds; readonly shard: string }
  /** Registered and healthy: it serves the shard. */
  | { readonly kind: 'active'; readonly since: Seconds; readonly shard: string }
  /** Leaving `shard`: deregistered, finishing what it has in flight. `to` is the shard that gets it next. */
  | { readonly kind: 'draining'; readonly since: Seconds; readonly shard: string; readonly to?: string };

export type PlacementKind = Placement['kind'];

/** The placements that may follow each one. Everything else is a programming error and refused. */
export const PLACEMENT_TRANSITIONS: { readonly [K in PlacementKind]: readonly PlacementKind[] } = {
  ready: ['reserved', 'activating'],
  reserved: ['ready', 'activating'],
  // A failed activation goes back by way of draining, because the slice may already be registered.
  activating: ['active', 'draining'],
  active: ['draining'],
  draining: ['ready', 'activating'],
};

/** Thrown by {@link moveTo} and by the instance transitions; `name` is stable, so that a state machine can match it. */
export class IllegalTransition extends Error {
  override readonly name = 'IllegalTransition';
  constructor(what: string, from: string, to: string, allowed: readonly string[]) {
    super(
      `${what}: ${from} → ${to} is not allowed; from ${from} it may go to ${allowed.join(', ') || 'nowhere'}`,
    );
  }
}

/** The shard that owns the slice, if any. */
export function ownerOf(placement: Placement): string | undefined {
  return placement.kind === 'ready' ? undefined : placement.shard;
}

/**
 * Checks one step of the lifecycle and returns the next placement.
 * @throws {IllegalTransition} naming the slice, both placements and what would be allowed.
 */
export function moveTo(slice: string, from: Placement, next: Placement): Placement {
  const allowed = PLACEMENT_TRANSITIONS[from.kind];
  if (!allowed.includes(next.kind))
    throw new IllegalTransition(`slice ${slice}`, from.kind, next.kind, allowed);
  const sameOwner = ownerOf(from) === ownerOf(next);
  const mustKeepOwner =
    from.kind === 'activating' ||
    from.kind === 'active' ||
    (from.kind === 'reserved' && next.kind === 'activating');
  if (mustKeepOwner && !sameOwner) {
    throw new IllegalTransition(
      `slice ${slice}`,
      `${from.kind}(${ownerOf(from)})`,
      `${next.kind}(${ownerOf(next)})`,
      allowed,
    );
  }
  return next;
}
