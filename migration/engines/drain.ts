import type { DrainCounts } from "./drain-batch";
import { GateClosedError } from "./errors";
import type { MigrationRecord } from "./migration-record";
import { sourcesOf } from "./route";
import type { Direction, OrphanAction, Pace, Run } from "./runtime";
import { workOnSources } from "./source-work";

/** Attempts at a pass that finds nothing: keys that are about to expire, or that changed, need another one. */
const MAX_LAST_PASSES = 10;
const BETWEEN_PASSES_MS = 1_000;

/** What to drain. */
export interface DrainJob {
  readonly record: MigrationRecord;
  /** `primary`: the ring that alone decides now. `secondary`: the one whose copies go. */
  readonly direction: Direction;
  /** The shards to drain. */
  readonly sources: readonly string[];
  /** `rescue` by default. */
  readonly orphans?: OrphanAction;
  /** Whether owners that decide may have lost their data: then they are left what they have. */
  readonly forgetful?: boolean;
  readonly pace: Pace;
  /** The ring epoch, as read from the cluster: an earlier epoch's checkpoint is void. */
  readonly epoch: number;
}

/**
 * Deletes movers from the owners that no longer decide, key by key as {@link drainBatch} says. The last pass finds nothing.
 * Resumable: a killed run goes on from the checkpoint that each source keeps.
 */
export async function drain(run: Run, job: DrainJob): Promise<DrainCounts> {
  const { record, direction, pace, orphans = "rescue", forgetful = false, epoch } = job;
  const { primary, secondary } = direction;
  const withMovers = sourcesOf(secondary, primary);
  const sources = job.sources.filter((name) => withMovers.includes(name) || !primary.shards.includes(name));
  const task = { kind: "drain", orphans, forgetful } as const;
  const work = { name: "cleanup", task, record, direction, sources, pace, expiryToleranceMs: 0 };
  const first = await workOnSources(run, { ...work, checkpointFor: `${record.id}/${epoch}` });
  const sum: DrainCounts = { checked: 0, deleted: 0, rescued: 0, ...first };
  for (let pass = 1; pass <= MAX_LAST_PASSES; pass++) {
    const found: Partial<DrainCounts> = await workOnSources(run, { ...work, name: "cleanup, last pass" });
    if ((found.checked ?? 0) === 0) return sum;
    sum.deleted += found.deleted ?? 0;
    sum.rescued += found.rescued ?? 0;
    await run.clock.sleep(BETWEEN_PASSES_MS);
  }
  throw new GateClosedError(
    `cleanup: keys keep appearing on owners that no longer decide (${sources.join(", ")}). ` +
      `A writer still uses the old ring: find it, then run \`pulumi up\` again.`,
  );
}
