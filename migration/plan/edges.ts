/** What moves between two rings, in the words a reviewer reads in a preview. Needs no Redis. */
import type { HashRing } from "../ring/ring";
import { type EdgeShare, edgeShares, movedFraction, shardShares } from "../ring/share";
import { edgeName } from "./census";
import { formatCount, formatPercent } from "./format";

/** An edge's share and, where its source's key count is known, about how many keys that is. */
export interface EdgeEstimate extends EdgeShare {
  readonly keys?: number;
}

/**
 * Every edge's share, with an estimate of its keys where `keysPerShard` knows the source.
 *
 * Keys are spread evenly over the hash space, so an edge has the part of its source's keys that it has of its
 * source's share. The estimate counts every key of the source (DBSIZE knows no prefix): it is an upper estimate where
 * keys without the prefix or left-overs lie on it.
 *
 * @param keysPerShard DBSIZE per shard name; shards may be missing
 */
export function estimateEdges(
  current: HashRing,
  target: HashRing,
  keysPerShard: Readonly<Record<string, number>> = {},
): readonly EdgeEstimate[] {
  const sizes = new Map(shardShares(current).map(({ shard, size }) => [shard, size]));
  return edgeShares(current, target).map((edge) => {
    const sourceKeys = keysPerShard[edge.from];
    return sourceKeys === undefined
      ? edge
      : { ...edge, keys: Math.round((sourceKeys * edge.size) / sizes.get(edge.from)!) };
  });
}

/**
 * One line per edge for a preview.
 *
 * @returns for example `{"shard-0 → shard-3": "8.41 % of the keyspace, about 16,820 keys"}`; without the count where
 *   it is not known, empty when nothing moves
 */
export function describeEdges(edges: readonly EdgeEstimate[]): Record<string, string> {
  return Object.fromEntries(edges.map((edge) => [edgeName(edge), describeShare(edge.fraction, edge.keys)]));
}

/**
 * All edges in one sentence, for example `25.02 % of the keyspace, about 50,040 keys, moves over 3 edges`; the count is
 * left out unless it is known for every edge.
 */
export function describeMovement(edges: readonly EdgeEstimate[]): string {
  if (edges.length === 0) return "nothing moves: every key has the same owner in both rings";
  const counts = edges.map(({ keys }) => keys).filter((keys) => keys !== undefined);
  const total = counts.length === edges.length ? counts.reduce((sum, keys) => sum + keys, 0) : undefined;
  const moved = describeShare(movedFraction(edges), total);
  return `${moved}${total === undefined ? "" : ","} moves over ${edges.length} edge${edges.length === 1 ? "" : "s"}`;
}

function describeShare(fraction: number, keys: number | undefined): string {
  const share = `${formatPercent(fraction)} of the keyspace`;
  return keys === undefined ? share : `${share}, about ${formatCount(keys)} keys`;
}
