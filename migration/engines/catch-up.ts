import type { MigrationRecord } from "./migration-record";
import { reconcile } from "./reconcile";
import { DEFAULT_CLAIM_MS } from "./run/suspect-shards";
import type { Direction, Pace, Run } from "./runtime";
import type { SyncCounts } from "./sync";

/**
 * Brings the secondary ring into step, right after every pod began to write both: copies what the pre-copy missed,
 * and deletes left-overs that only the secondary holds (from then on such a key is somebody's half-done claim). A shard
 * that may have lost writes makes no left-overs: what it does not hold is completed.
 * Resumable within one ring epoch: a checkpoint of an earlier epoch is void, because dual-write may have been off since.
 */
export async function catchUp(
  run: Run,
  record: MigrationRecord,
  direction: Direction,
  epoch: number,
  pace: Pace,
  expiryToleranceMs: number,
  claimMs = DEFAULT_CLAIM_MS,
): Promise<SyncCounts> {
  return reconcile(run, {
    name: "catch-up",
    record,
    direction,
    extra: hasTargetDecided(record) && direction.primary === run.rings.current ? "complete" : "delete",
    pace,
    expiryToleranceMs,
    claimMs,
    settle: false,
    checkpointFor: `${record.id}/${epoch}`,
  });
}

/** Whether pods may have run a config in which the target ring decides: what it alone holds may be a claim then. */
const hasTargetDecided = ({ configs = {} }: MigrationRecord): boolean =>
  Object.values(configs).some((config) => config === "DB" || config === "B");
