import { sameMigration, type RingState } from "../phases";
import { capacityProblems, type ShardMemory } from "../plan/capacity";
import { withoutCopies, type ShardCensus } from "../plan/census";
import { placementProblems } from "../plan/placement";
import { takeCensus } from "./census";
import { readAbandonedRecord } from "./migration-record";
import type { Run } from "./runtime";
import type { ShardStore } from "./shard-store";

/** What is looked at before anything is copied. */
export interface PreFlightJob {
  readonly ring: Omit<RingState, "phase">;
  /** The shards of both rings. */
  readonly stores: readonly ShardStore[];
  /** Memory limits of shards that run in containers, bytes by name. */
  readonly containerLimits: Readonly<Record<string, number>>;
}

/** What was found. */
export interface PreFlight {
  /** Of the current ring's shards, without the copies that this migration has made. */
  readonly census: readonly ShardCensus[];
  readonly memory: readonly ShardMemory[];
  /** Why nothing may be copied; empty when all is well. */
  readonly problems: readonly string[];
}

/** Counts the keys of all shards, and says why the shards cannot take what the copy brings. Writes nothing. */
export async function preFlight(run: Run, { ring, stores, containerLimits }: PreFlightJob): Promise<PreFlight> {
  const inForce = stores.filter(({ name }) => ring.shards.includes(name));
  const [all, memory, record] = await Promise.all([
    Promise.all(stores.map((store) => takeCensus(store, run.rings))),
    Promise.all(stores.map((store) => memoryOf(store, containerLimits[store.name]))),
    readAbandonedRecord(inForce),
  ]);
  const current = all.filter(({ shard }) => ring.shards.includes(shard));
  const census = record && sameMigration(record, ring) ? current.map(withoutCopies) : current;
  const problems = [...placementProblems(census, ring.keyPrefix), ...capacityProblems(all, memory, ring.targetShards)];
  return { census, memory, problems };
}

async function memoryOf(store: ShardStore, containerLimitBytes: number | undefined): Promise<ShardMemory> {
  const { runId: server, usedBytes, maxMemoryBytes, maxMemoryPolicy, version } = await store.info();
  const limit = containerLimitBytes === undefined ? {} : { containerLimitBytes };
  return { shard: store.name, server, usedBytes, maxMemoryBytes, maxMemoryPolicy, version, ...limit };
}
