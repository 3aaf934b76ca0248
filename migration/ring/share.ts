/**
 * Exact shares of the hash space. A key's hash is uniform, so a share is the expected part of the keys; shares are
 * counted in points of the hash space (integers, no rounding) and only then divided.
 */
import type { HashRing } from "./ring";

/** The number of places in the hash space: every ring's sizes add up to it. */
export const HASH_SPACE = 2 ** 32;

/** The part of the hash space that one shard owns. */
export interface ShardShare {
  readonly shard: string;
  /** Places owned, out of {@link HASH_SPACE}. */
  readonly size: number;
  /** `size / HASH_SPACE`, from 0 to 1. */
  readonly fraction: number;
}

/** The part of the hash space whose owner changes from one shard to another. */
export interface EdgeShare {
  readonly from: string;
  readonly to: string;
  /** Places that change hands, out of {@link HASH_SPACE}; never 0. */
  readonly size: number;
  /** `size / HASH_SPACE`, from 0 to 1. */
  readonly fraction: number;
}

/**
 * What every shard of a ring owns, in ring order.
 *
 * @returns one entry per shard, also for one that owns nothing (all its vnodes lost to collisions)
 */
export function shardShares(ring: HashRing): readonly ShardShare[] {
  const sizes = new Array<number>(ring.shards.length).fill(0);
  forEachArc(ring.points, (end, size) => {
    sizes[ring.ownerIndexAtHash(end)]! += size;
  });
  return ring.shards.map((shard, i) => ({ shard, size: sizes[i]!, fraction: sizes[i]! / HASH_SPACE }));
}

/**
 * What moves between two rings: one entry per edge that has a share, in the current ring's order of `from`, then
 * the target ring's order of `to`. Empty when every place keeps its owner.
 */
export function edgeShares(current: HashRing, target: HashRing): readonly EdgeShare[] {
  const columns = target.shards.length;
  const sizes = new Array<number>(current.shards.length * columns).fill(0);
  // Between two neighbours of the merged points neither ring changes its owner.
  const ends = new Uint32Array(current.points.length + target.points.length);
  ends.set(current.points);
  ends.set(target.points, current.points.length);
  forEachArc(ends.sort(), (end, size) => {
    sizes[current.ownerIndexAtHash(end) * columns + target.ownerIndexAtHash(end)]! += size;
  });
  return current.shards.flatMap((from, row) =>
    target.shards
      .map((to, column) => ({ from, to, size: sizes[row * columns + column]! }))
      .filter((edge) => edge.size > 0 && edge.from !== edge.to)
      .map((edge) => ({ ...edge, fraction: edge.size / HASH_SPACE })),
  );
}

/** The part of the hash space, from 0 to 1, that changes hands over the given edges together. */
export function movedFraction(edges: readonly EdgeShare[]): number {
  return edges.reduce((sum, edge) => sum + edge.size, 0) / HASH_SPACE;
}

/** Calls back with every arc's last place and size; ends are ascending and may repeat (an arc of size 0). */
function forEachArc(ends: Uint32Array, visit: (end: number, size: number) => void): void {
  // The first arc starts behind the last end and wraps.
  let previous = ends[ends.length - 1]! - HASH_SPACE;
  for (const end of ends) {
    visit(end, end - previous);
    previous = end;
  }
}
