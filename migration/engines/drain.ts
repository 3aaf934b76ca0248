import { GateClosedError } from "./errors";
import { remembers, type MigrationRecord } from "./migration-record";
import { edgesFrom, keysToDrain, sourcesOf } from "./route";
import type { Direction, Pace, Run } from "./runtime";
import { runOnSources, type SourcesJob } from "./sources";
import { ABSENT, type ShardStore } from "./shard-store";
import { copy } from "./sync";
import { Throttle } from "./throttle";

/** Attempts at a pass that finds nothing: keys that are about to expire, or that changed, need another one. */
const MAX_LAST_PASSES = 10;
const BETWEEN_PASSES_MS = 1_000;

/** What was taken off the old owners. */
export interface DrainCounts {
  /** Keys that had to go. */
  checked: number;
  /** Those of them that are gone. */
  deleted: number;
  /** Keys that only the old owner held: they were copied to the new one first. */
  rescued: number;
}

/**
 * What becomes of keys that the ring which decides does not have. `rescue`: they may be claims, so they are copied to
 * it. `delete`: they are left-overs, unless the shard that should have them has lost its data.
 */
export type OrphanAction = "rescue" | "delete";

/** What to drain. */
export interface DrainJob {
  readonly record: MigrationRecord;
  /** `primary`: the ring that alone decides now. `secondary`: the one whose copies go. */
  readonly direction: Direction;
  /** The shards to drain. */
  readonly sources: readonly string[];
  /** `rescue` by default. */
  readonly orphans?: OrphanAction;
  readonly pace: Pace;
  /** The ring epoch, as read from the cluster: an earlier epoch's checkpoint is void. */
  readonly epoch: number;
}

/**
 * Deletes movers from the owners that no longer decide. A key goes only when its new owner holds it (equal or not: the
 * new owner alone decides) or has just been given it (unless it is a left-over), and only if it is still what was read.
 * The last pass finds nothing. Resumable: a killed run goes on from the checkpoint that each source keeps.
 */
export async function drain(run: Run, job: DrainJob): Promise<DrainCounts> {
  const throttle = new Throttle(job.pace, run.clock);
  const { primary, secondary } = job.direction;
  const withMovers = sourcesOf(secondary, primary);
  const passes: SourcesJob = {
    name: "cleanup",
    record: job.record,
    sources: job.sources.filter((name) => withMovers.includes(name) || !primary.shards.includes(name)),
    route: keysToDrain(run.rings, job.direction),
    edges: edgesFrom(secondary, primary),
    pacing: throttle,
    onBatch: (source, owner, keys) => drainBatch({ run, throttle, job }, source, owner, keys),
    // What was deleted is not found again.
    recounted: [],
  };
  const first = await runOnSources(run, { ...passes, checkpointFor: `${job.record.id}/${job.epoch}` });
  const sum: DrainCounts = { checked: 0, deleted: 0, rescued: 0, ...first };
  for (let pass = 1; pass <= MAX_LAST_PASSES; pass++) {
    const found: Partial<DrainCounts> = await runOnSources(run, { ...passes, name: "cleanup, last pass" });
    if ((found.checked ?? 0) === 0) return sum;
    sum.deleted += found.deleted ?? 0;
    sum.rescued += found.rescued ?? 0;
    await run.clock.sleep(BETWEEN_PASSES_MS);
  }
  throw new GateClosedError(
    `cleanup: keys keep appearing on owners that no longer decide (${passes.sources.join(", ")}). ` +
      `A writer still uses the old ring: find it, then run \`pulumi up\` again.`,
  );
}

async function drainBatch(
  { run, throttle, job }: { readonly run: Run; readonly throttle: Throttle; readonly job: DrainJob },
  source: ShardStore,
  owner: ShardStore,
  keys: readonly Buffer[],
): Promise<DrainCounts> {
  await throttle.take(keys.length);
  const held = (await throttle.observe(() => source.inspect(keys))).states;
  const there = (await throttle.observe(() => owner.inspect(keys))).states;
  const only = keys.filter((_, i) => held[i]?.fingerprint !== "" && there[i]?.fingerprint === "");
  const absent = only.map((key) => ({ key, expected: ABSENT }));
  const rescue = only.length > 0 && (job.orphans !== "delete" || !(await remembers(owner, job.record)));
  const rescued = rescue ? (await copy(source, owner, absent, { run, throttle })).written : 0;
  const outcomes = await throttle.observe(() => source.remove(run.token(), keys, held));
  // A reply lost to a restart is asked for again and says "gone" of what the first try removed.
  const found = outcomes.filter((_, i) => held[i]?.fingerprint !== "");
  return { checked: found.length, deleted: found.filter((outcome) => outcome !== "changed").length, rescued };
}
