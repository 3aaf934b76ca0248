import { edgesFrom, moversOnPrimary, moversOnSecondary, sourcesOf } from "./route";
import type { Direction, Run } from "./runtime";
import { runOnSources } from "./sources";
import { addCounts, noCounts, syncExtras, syncKeys, type ExtraAction, type ExtrasJob, type SyncCounts } from "./sync";

/** One pass over both rings. */
export interface ReconcileJob extends Omit<ExtrasJob, "run"> {
  /** What the operator reads in progress lines. */
  readonly name: string;
  readonly direction: Direction;
  readonly extra: ExtraAction;
  /** See {@link runOnSources}. */
  readonly checkpointFor?: string;
}

/**
 * One pass in both directions: every mover of the deciding ring is brought to the other ring, then every key that only
 * the other ring holds is deleted or completed.
 *
 * @returns what was found and mended in this pass.
 */
export async function reconcile(run: Run, job: ReconcileJob): Promise<SyncCounts> {
  const sum = noCounts();
  const sync: ExtrasJob = { ...job, run };
  const { primary: primaryRing, secondary: secondaryRing } = job.direction;
  const common = {
    record: job.record,
    pacing: job.throttle,
    ...(job.checkpointFor === undefined ? {} : { checkpointFor: job.checkpointFor }),
  };
  const forward = await runOnSources(run, {
    ...common,
    name: job.name,
    sources: sourcesOf(primaryRing, secondaryRing),
    edges: edgesFrom(primaryRing, secondaryRing),
    route: moversOnPrimary(run.rings, job.direction),
    onBatch: (primary, secondary, keys) => syncKeys({ primary, secondary }, keys, sync),
  });
  const backward = await runOnSources(run, {
    ...common,
    name: `${job.name}, left-overs`,
    sources: sourcesOf(secondaryRing, primaryRing),
    edges: edgesFrom(secondaryRing, primaryRing),
    route: moversOnSecondary(run.rings, job.direction),
    onBatch: (secondary, primary, keys) => syncExtras({ primary, secondary }, keys, job.extra, sync),
  });
  addCounts(sum, { ...noCounts(), ...forward });
  // What the other direction looked at are the same keys again.
  addCounts(sum, { ...noCounts(), ...backward, checked: 0 });
  return sum;
}
