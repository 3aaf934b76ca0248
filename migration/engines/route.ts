import { hashOf, type HashRing } from "../ring/ring";
import { edgeShares } from "../ring/share";
import type { Direction, MigrationRings } from "./runtime";

/** Says for a key found on a shard which other shard it concerns; undefined: none. */
export type Route = (key: Buffer, foundOn: string) => string | undefined;

const placeOf = (key: Buffer, rings: MigrationRings): number =>
  hashOf(key.subarray(Buffer.byteLength(rings.keyPrefix)));

/** Movers where the deciding ring has them: leads to the owner in the other ring. */
export function moversOnPrimary(rings: MigrationRings, { primary, secondary }: Direction): Route {
  return (key, foundOn) => {
    const place = placeOf(key, rings);
    if (primary.ownerAtHash(place) !== foundOn) return undefined;
    const other = secondary.ownerAtHash(place);
    return other === foundOn ? undefined : other;
  };
}

/** @returns how many edges lead from each shard of a ring to those of another. */
export function edgesFrom(ring: HashRing, other: HashRing): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { from } of edgeShares(ring, other)) counts[from] = (counts[from] ?? 0) + 1;
  return counts;
}

/**
 * @returns the shards of a ring that have keys which another ring has elsewhere. No other shard needs to be scanned for
 * movers: a ring that grows by one shard takes from all, one that shrinks by one gives from that one only.
 */
export function sourcesOf(ring: HashRing, other: HashRing): readonly string[] {
  const edges = edgesFrom(ring, other);
  return ring.shards.filter((shard) => edges[shard] !== undefined);
}

/** Movers where the following ring has them: leads to the owner in the deciding ring. */
export function moversOnSecondary(rings: MigrationRings, { primary, secondary }: Direction): Route {
  return moversOnPrimary(rings, { primary: secondary, secondary: primary });
}

/**
 * Keys to be taken off a shard once one ring alone decides: movers on their old owner, and everything on a shard that
 * this ring does not have. Leads to the owner that stays.
 */
export function keysToDrain(rings: MigrationRings, { primary, secondary }: Direction): Route {
  const movers = moversOnSecondary(rings, { primary, secondary });
  return (key, foundOn) =>
    primary.shards.includes(foundOn) ? movers(key, foundOn) : primary.ownerAtHash(placeOf(key, rings));
}
