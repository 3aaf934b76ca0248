import { sameList, type RingState } from "../phases";
import { HashRing } from "../ring/ring";
import { COPYING_JOBS, JOBS, writeCheckpoint } from "./checkpoint";
import { drain } from "./drain";
import type { DrainCounts } from "./drain-batch";
import { GateClosedError } from "./errors";
import {
  describeRings,
  holds,
  readAbandonedRecord,
  remembersAny,
  writeMigrationRecord,
  type MigrationRecord,
} from "./migration-record";
import { removeBrake } from "./passed-brake";
import type { Pace, Run } from "./runtime";
import type { ShardStore } from "./shard-store";

/** The end of a migration, whatever has happened in it. */
export interface CloseJob {
  /** The ring in force, which stays. */
  readonly ring: Omit<RingState, "phase">;
  /** Its shards. */
  readonly stores: readonly ShardStore[];
  /** Names of shards that were to join, and have last copies: see {@link wantsLastCopies}. @default none */
  readonly leaving?: readonly string[];
  readonly pace: Pace;
  /** The ring epoch, as read from the cluster. */
  readonly epoch: () => Promise<number>;
}

/**
 * Ends whatever migration the shards of the ring in force are in. What there is to do is read from them: a run that
 * died may have left copies that nobody else knows of.
 *
 * @returns what was taken off the shards that stay, and off others where they had last copies; undefined when there was
 *   nothing to take.
 */
export async function closeMigration(run: Run, job: CloseJob): Promise<DrainCounts | undefined> {
  const { ring, stores } = job;
  const record = await readAbandonedRecord(stores);
  if (record === undefined) return undefined;
  const outcome = outcomeOf(record, ring);
  // A cleanup counts only for its own ring epoch: a way back and another cleanup begun since then left new copies.
  const isDrained = outcome === "finished" && holds(record, "drained", await job.epoch());
  const counts = isDrained ? undefined : await takeCopiesOff(run, record, outcome, job);
  await forgetCheckpoints(run, ring.shards, "all");
  await writeMigrationRecord(stores, run.token(), undefined);
  run.log(`migration ${record.id} is ${outcome}: its records are removed`);
  return counts;
}

/**
 * @returns whether a migration is left in which a shard that stays lost its data after copies were made: shards that were to
 *   join may have the last copies of that.
 */
export async function wantsLastCopies({ ring, stores }: Pick<CloseJob, "ring" | "stores">): Promise<boolean> {
  const record = await readAbandonedRecord(stores);
  if (record?.hasCopies !== true || outcomeOf(record, ring) !== "abandoned") return false;
  return (await Promise.all(stores.map(remembersAny))).includes(false);
}

function outcomeOf(record: MigrationRecord, ring: CloseJob["ring"]): "finished" | "abandoned" {
  if (ring.vnodes === record.vnodes && ring.keyPrefix === record.keyPrefix) {
    if (sameList(ring.shards, record.targetShards)) return "finished";
    if (sameList(ring.shards, record.shards)) return "abandoned";
  }
  throw new GateClosedError(
    `the shards are still in migration ${record.id} (${describeRings(record)}), and the ring in the config is neither ` +
      `of its two. Set shards, vnodes and keyPrefix to what they were, and run \`pulumi up\`.`,
  );
}

/**
 * Takes the copies off the shards that stay. The rings are those of the record: the config may have forgotten the
 * target by now.
 *
 * A key that only a copy's shard holds was never acknowledged, since a claim is acknowledged when both owners hold it.
 * Before the rings were in step it may be a left-over from any time, and nobody may be told of it as a claim: it goes.
 * Afterwards left-overs are gone and it is a claim that got half-way: the ring that stays, which decides, is given it.
 */
async function takeCopiesOff(
  run: Run,
  record: MigrationRecord,
  outcome: "finished" | "abandoned",
  job: CloseJob,
): Promise<DrainCounts> {
  const current = new HashRing(record.shards, record.vnodes);
  const target = new HashRing(record.targetShards, record.vnodes);
  const [stays, goes] = outcome === "abandoned" ? [current, target] : [target, current];
  // Copies that are gone must not count as made, should the migration be taken up again.
  await forgetCheckpoints(run, stays.shards, "copies");
  const leaving = job.leaving ?? [];
  return drain(
    { ...run, rings: { current, target, keyPrefix: record.keyPrefix } },
    {
      record,
      direction: { primary: stays, secondary: goes },
      sources: goes.shards.filter((name) => stays.shards.includes(name) || leaving.includes(name)),
      orphans: outcome === "abandoned" && record.inStepSinceEpoch === undefined ? "delete" : "rescue",
      forgetful: true,
      pace: job.pace,
      epoch: await job.epoch(),
    },
  );
}

/** Removes checkpoints from shards: those of copies, or all, and what else a run may have left. */
async function forgetCheckpoints(run: Run, names: readonly string[], of: "copies" | "all"): Promise<void> {
  for (const shard of names.map(run.shards)) {
    for (const job of of === "copies" ? COPYING_JOBS : JOBS) {
      await writeCheckpoint(shard, run.token(), job, undefined);
    }
    await removeBrake(shard, run.token());
  }
}
