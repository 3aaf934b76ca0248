import { readCheckpoint } from "./checkpoint";
import type { MigrationRecord } from "./migration-record";
import { sourcesOf } from "./route";
import type { Pace, Run } from "./runtime";
import { workOnSources } from "./source-work";
import { noCounts, type SyncCounts } from "./sync";

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
  const direction = { primary: run.rings.current, secondary: run.rings.target };
  const sources = sourcesOf(direction.primary, direction.secondary);
  const work = { name: JOB, task: { kind: "add" }, record, direction, sources, pace, expiryToleranceMs } as const;
  return { ...noCounts(), ...(await workOnSources(run, { ...work, checkpointFor: record.id })) };
}

/** @returns the names of sources whose pre-copy has not been completed. */
export async function sourcesNotCopied(run: Pick<Run, "rings" | "shards">, record: MigrationRecord) {
  const sources = sourcesOf(run.rings.current, run.rings.target);
  const checkpoints = await Promise.all(sources.map((name) => readCheckpoint(run.shards(name), JOB, record.id)));
  return sources.filter((_, i) => checkpoints[i]?.done !== true);
}
