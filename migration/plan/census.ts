/** What a count of the shards found: the plan's only knowledge of the real keys. */
import { HashRing } from "../ring/ring";
import { edgeShares } from "../ring/share";
import { formatCount } from "./format";

/** What a migration is between: enough to build both rings. */
export interface Rings {
  /** Shard names of the current ring, in ring order. */
  readonly current: readonly string[];
  /** Shard names of the target ring, in ring order. */
  readonly target: readonly string[];
  /** Vnodes per shard, in both rings. */
  readonly vnodes: number;
}

/** Movers of one edge, found on `from`, which owns them in the current ring. */
export interface EdgeCensus {
  readonly from: string;
  readonly to: string;
  readonly keys: number;
  /** Memory the movers take, in bytes. */
  readonly bytes: number;
}

export interface BigKey {
  readonly shard: string;
  /** The Redis key, with the prefix, as printable text. */
  readonly key: string;
  readonly bytes: number;
  /** As TYPE answers. */
  readonly type: string;
  /** Fields of a hash, entries of a list or stream, and so on; 1 for a string. */
  readonly members: number;
}

/** Movers of one edge that are of one type, which is not `string`. */
export interface TypeCensus {
  readonly from: string;
  readonly to: string;
  /** As TYPE answers. */
  readonly type: string;
  readonly keys: number;
  /** The smallest of them, to try on the other shard. */
  readonly example: { readonly key: Buffer; readonly bytes: number };
}

export interface ShardCensus {
  readonly shard: string;
  /** Keys with the prefix, misplaced ones included. */
  readonly keys: number;
  /** Keys without the prefix: no migration touches them. */
  readonly otherKeys: number;
  /** The edges of which this shard is `from`. */
  readonly edges: readonly EdgeCensus[];
  /** Keys with the prefix that this shard does not own in the current ring. */
  readonly misplaced: number;
  /** Those of them that it owns in the target ring: the copies, if a migration has made any. */
  readonly copies: { readonly keys: number; readonly bytes: number };
  readonly misplacedExamples: readonly string[];
  readonly biggest: readonly BigKey[];
  /** Movers that take longest to copy, the slowest first. */
  readonly slowest: readonly BigKey[];
  /** Movers that are not strings. */
  readonly types: readonly TypeCensus[];
}

/** A census that does not belong to the two rings, so that a plan made of it would lie. */
export class CensusError extends Error {
  constructor(
    problem: string,
    readonly shard: string,
  ) {
    super(`the census does not fit the rings: ${problem}. Next: count the shards again with the rings of this plan.`);
    this.name = "CensusError";
  }
}

/**
 * Refuses a census that was not taken for these two rings.
 *
 * @throws CensusError when a shard is counted twice, a shard of the current ring is missing, a shard reports another
 *   one's movers, or movers go where the rings have no edge
 */
export function assertCensusFits(rings: Rings, census: readonly ShardCensus[]): void {
  const counted = new Set<string>();
  for (const { shard } of census) {
    if (counted.has(shard)) throw new CensusError(`${shard} is counted twice`, shard);
    counted.add(shard);
  }
  for (const shard of rings.current) {
    if (!counted.has(shard)) throw new CensusError(`${shard} is in the current ring but was not counted`, shard);
  }
  const shares = edgeShares(new HashRing(rings.current, rings.vnodes), new HashRing(rings.target, rings.vnodes));
  const known = new Set(shares.map(edgeName));
  for (const { shard, edges } of census) {
    for (const edge of edges) {
      if (edge.from !== shard) throw new CensusError(`${shard} reports movers of ${edgeName(edge)}`, shard);
      if (edge.keys > 0 && !known.has(edgeName(edge))) {
        throw new CensusError(`${formatCount(edge.keys)} keys on ${edgeName(edge)}, which is no edge`, shard);
      }
    }
  }
}

/**
 * How many keys the current ring serves: those that lie on their owner. Misplaced keys are left out, because nobody
 * reads them there; so copies that a migration has made so far do not change the number.
 */
export function servedKeys(current: readonly string[], census: readonly ShardCensus[]): number {
  const ring = new Set(current);
  return census
    .filter(({ shard }) => ring.has(shard))
    .reduce((total, { keys, misplaced }) => total + keys - misplaced, 0);
}

/** The same census without the copies that a migration is known to have made: they lie where they should. */
export function withoutCopies({ copies, ...census }: ShardCensus): ShardCensus {
  const misplaced = census.misplaced - copies.keys;
  return {
    ...census,
    keys: census.keys - copies.keys,
    misplaced,
    misplacedExamples: census.misplacedExamples.slice(0, misplaced),
    copies: { keys: 0, bytes: 0 },
  };
}

/** How people read an edge: `shard-0 → shard-3`. */
export function edgeName(edge: { readonly from: string; readonly to: string }): string {
  return `${edge.from} → ${edge.to}`;
}
