import { readCheckpoint } from "./checkpoint";
import type { MigrationRecord } from "./migration-record";
import { edgesFrom, moversOnPrimary, sourcesOf } from "./route";
import type { Pace, Run } from "./runtime";
import { runOnSources } from "./sources";
import { copyKeys, noCounts, type SyncCounts } from "./sync";
import { Throttle } from "./throttle";

/** The name of the job, in progress lines and checkpoints. */
const JOB = "pre-copy";

/**
 * Copies every mover from its current to its target owner while the backend knows nothing of the target ring. Copies
 * may be out of date by the time it ends: the catch-up sees to that. Atomic per key; a batch may be repeated; the
 * checkpoint of each source lies on that source.
 */
export async function preCopy(
  run: Run,
  record: MigrationRecord,
  pace: Pace,
  expiryToleranceMs: number,
): Promise<SyncCounts> {
  const throttle = new Throttle(pace, run.clock, run.brake);
  const direction = { primary: run.rings.current, secondary: run.rings.target };
  const counts = await runOnSources(run, {
    name: JOB,
    record,
    sources: sourcesOf(direction.primary, direction.secondary),
    route: moversOnPrimary(run.rings, direction),
    edges: edgesFrom(direction.primary, direction.secondary),
    pacing: throttle,
    checkpointFor: record.id,
    onBatch: (primary, secondary, keys) =>
      copyKeys({ primary, secondary }, keys, { run, throttle, expiryToleranceMs, settle: false }),
  });
  return { ...noCounts(), ...counts };
}

/** @returns the names of sources whose pre-copy has not been completed. */
export async function sourcesNotCopied(run: Pick<Run, "rings" | "shards">, record: MigrationRecord) {
  const sources = sourcesOf(run.rings.current, run.rings.target);
  const checkpoints = await Promise.all(sources.map((name) => readCheckpoint(run.shards(name), JOB, record.id)));
  return sources.filter((_, i) => checkpoints[i]?.done !== true);
}
