import type { ShardMemory } from "../../../migration/plan/capacity";
import type { ShardCensus } from "../../../migration/plan/census";

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

export const THREE = ["shard-0", "shard-1", "shard-2"];
export const FOUR = [...THREE, "shard-3"];

/** A shard's census with nothing odd about it. */
export function shardCensus(shard: string, given: Partial<ShardCensus> = {}): ShardCensus {
  return {
    shard,
    keys: 0,
    otherKeys: 0,
    edges: [],
    misplaced: 0,
    copies: { keys: 0, bytes: 0 },
    misplacedExamples: [],
    biggest: [],
    slowest: [],
    types: [],
    ...given,
  };
}

/** Three shards of 200,000 keys together, of which 50,000 go to a fourth. */
export function growingCensus(): readonly ShardCensus[] {
  return [
    shardCensus("shard-0", { keys: 70_000, edges: [mover("shard-0", "shard-3", 20_000)] }),
    shardCensus("shard-1", { keys: 60_000, edges: [mover("shard-1", "shard-3", 10_000)] }),
    shardCensus("shard-2", { keys: 70_000, edges: [mover("shard-2", "shard-3", 20_000)] }),
    shardCensus("shard-3"),
  ];
}

/** Movers of 1 GiB from each of three shards to a fourth. */
export const heavyCensus: readonly ShardCensus[] = THREE.map((from) =>
  shardCensus(from, { keys: 4e6, edges: [{ from, to: "shard-3", keys: 1_000_000, bytes: GIB }] }),
);

/** An edge whose keys take 400 bytes each. */
export function mover(from: string, to: string, keys: number) {
  return { from, to, keys, bytes: keys * 400 };
}

/** A shard's memory with room for all and nothing to complain about. */
export function shardMemory(shard: string, given: Partial<ShardMemory> = {}): ShardMemory {
  return {
    shard,
    usedBytes: MIB,
    maxMemoryBytes: 3 * GIB,
    containerLimitBytes: 4 * GIB,
    maxMemoryPolicy: "noeviction",
    version: "7.0.15",
    ...given,
  };
}
