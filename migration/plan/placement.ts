/** Whether the keys lie where the rings of the config say: a check of the config rather than of the keys. */
import type { ShardCensus } from "./census";
import { formatCount, formatPercent } from "./format";

/** Real strays are rare; a ring that is not the backend's misplaces a good part of the keys. */
export const MAX_MISPLACED_SHARE = 0.01;

/** So few keys prove nothing. */
const TOO_FEW = 10;

const CAUSES = "Likely causes: another vnodes or keyPrefix than the backend uses, other shard names, or another order.";
const NEXT = "Next: make vnodes, keyPrefix and shards what the backend uses, and plan again.";

/**
 * Why the rings of the config cannot be the backend's; empty when they may be.
 *
 * @param census of the shards of the current ring, without copies that a migration has made
 */
export function placementProblems(census: readonly ShardCensus[], keyPrefix: string): readonly string[] {
  const sum = (count: (of: ShardCensus) => number) => census.reduce((total, of) => total + count(of), 0);
  const [keys, misplaced, others] = [sum((of) => of.keys), sum((of) => of.misplaced), sum((of) => of.otherKeys)];
  if (keys === 0 && others > TOO_FEW) {
    return [
      `none of the ${formatCount(others)} keys on the current shards begins with "${keyPrefix}". ${CAUSES} ${NEXT}`,
    ];
  }
  if (misplaced <= TOO_FEW || misplaced <= keys * MAX_MISPLACED_SHARE) return [];
  return [
    `${formatCount(misplaced)} of the ${formatCount(keys)} keys with the prefix "${keyPrefix}" ` +
      `(${formatPercent(misplaced / keys)}) lie on shards that do not own them in the ring of this config: the backend ` +
      `uses another ring, and would not find keys that were moved by this one. ${CAUSES} ${NEXT} ` +
      `If the backend is right and they are left-overs, delete those first.`,
  ];
}
