import type { MigrationRecord } from "./migration-record";
import { sourcesOf } from "./route";
import type { Direction, ExtraAction, Pace, Run } from "./runtime";
import { workOnSources } from "./source-work";
import { addCounts, noCounts, type SyncCounts } from "./sync";

/** One pass over both rings. */
export interface ReconcileJob {
  /** What the operator reads in progress lines. */
  readonly name: string;
  readonly record: MigrationRecord;
  readonly direction: Direction;
  readonly extra: ExtraAction;
  /** Whether to look twice at a difference, because backends write both owners meanwhile. */
  readonly settle: boolean;
  readonly pace: Pace;
  readonly expiryToleranceMs: number;
  /** No claim is under way for longer than this, ms. */
  readonly claimMs?: number;
  /** Absent: there are no checkpoints, and a killed pass starts over. */
  readonly checkpointFor?: string;
}

/**
 * One pass in both directions: every mover of the deciding ring is brought to the other ring, then every key that only
 * the other ring holds is deleted or completed.
 *
 * @returns what was found and mended in this pass.
 */
export async function reconcile(run: Run, { extra, settle, ...job }: ReconcileJob): Promise<SyncCounts> {
  const sum = noCounts();
  const { primary, secondary } = job.direction;
  const forward = await workOnSources(run, {
    ...job,
    task: { kind: "sync", settle },
    sources: sourcesOf(primary, secondary),
  });
  const backward = await workOnSources(run, {
    ...job,
    name: `${job.name}, left-overs`,
    task: { kind: "extras", settle, action: extra },
    sources: sourcesOf(secondary, primary),
  });
  addCounts(sum, { ...noCounts(), ...forward });
  // What the other direction looked at are the same keys again.
  addCounts(sum, { ...noCounts(), ...backward, checked: 0 });
  return sum;
}
