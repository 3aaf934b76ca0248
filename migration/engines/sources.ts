import { readCheckpoint, writeCheckpoint, type Counts } from "./checkpoint";
import { assertItself, assertRemembers, type MigrationRecord } from "./migration-record";
import { formatCount as count } from "../plan/format";
import { Progress } from "./progress";
import type { Route } from "./route";
import type { JobEvent, Run } from "./runtime";
import type { ShardStore } from "./shard-store";
import { walk, type Pacing } from "./walk";

/** Work over all keys of several shards. */
export interface SourcesJob {
  /** What the operator reads in progress lines; names the checkpoint too. */
  readonly name: string;
  readonly record: MigrationRecord;
  /** Names of the shards to scan: all at once, each on its own. */
  readonly sources: readonly string[];
  readonly route: Route;
  /** `allowed`: keys per second at present, only to be told. */
  readonly pacing: Pacing & { readonly allowed?: number };
  /** How many edges lead from each source, only to be told. */
  readonly edges?: Readonly<Record<string, number>>;
  /** Does the work on a batch and counts it; `checked` drives the progress. */
  readonly onBatch: (source: ShardStore, other: ShardStore, keys: readonly Buffer[]) => Promise<object>;
  /** Counts of keys that a scan counts again when it starts over: `checked` unless the job says otherwise. */
  readonly recounted?: readonly string[];
  /** The work that checkpoints belong to; without it there are none and a killed run starts over. */
  readonly checkpointFor?: string;
}

/**
 * Runs a job on its sources. With checkpoints a second run goes on where the first stopped, and finds done work done.
 * When one source fails the others stop at their next batch or window, and the first failure is thrown.
 *
 * @returns the sum of the counts, those of earlier runs included.
 */
export async function runOnSources(run: Run, job: SourcesJob): Promise<Counts> {
  const total: Counts = {};
  const progress = new Progress(job.name, job.record.movers, run.clock, run.log);
  const tell: Tell = (event) => run.onProgress?.({ job: job.name, ...event });
  const checkpoints = job.checkpointFor !== undefined;
  tell({ kind: "begun", sources: job.sources, edges: job.edges ?? {}, movers: job.record.movers, checkpoints });
  let failure: { readonly error: unknown } | undefined;
  const goOn = () => {
    if (failure) throw failure.error;
  };
  const guarded: SourcesJob = {
    ...job,
    onBatch: async (...batch) => {
      goOn();
      const counts = await job.onBatch(...batch);
      const [{ name: source }, , { length: keys }] = batch;
      progress.add(keys);
      const { allowed } = job.pacing;
      tell({ kind: "keys", source, keys, ...(allowed === undefined ? {} : { allowed }) });
      return counts;
    },
  };
  const sources = job.sources.map(run.shards).map(async (source) => {
    try {
      addTo(total, await runOnSource(run, guarded, source, { progress, tell, goOn }));
      tell({ kind: "done", source: source.name });
    } catch (error) {
      tell({ kind: "failed", source: source.name });
      failure ??= { error };
    }
  });
  await Promise.all(sources);
  goOn();
  run.log(`${job.name}: done${summary(total)}`);
  return total;
}

type Tell = (event: JobEvent) => void;

/** What the sources of a job share. */
interface Together {
  readonly progress: Progress;
  readonly tell: Tell;
  /** Throws when another source has failed. */
  readonly goOn: () => void;
}

async function runOnSource(
  run: Run,
  job: SourcesJob,
  source: ShardStore,
  { progress, tell, goOn }: Together,
): Promise<Counts> {
  const { checkpointFor: work, name, recounted = ["checked"] } = job;
  const found = work === undefined ? undefined : await readCheckpoint(source, name, work);
  const counts: Counts = { ...found?.counts };
  const checked = () => counts["checked"] ?? 0;
  const skip = (keys: number) => {
    progress.skip(keys);
    tell({ kind: "skipped", source: source.name, keys });
  };
  skip(checked());
  if (found?.done) {
    // Else it has just been said how this run has had it done.
    if (run.delegate === undefined) run.log(`${name}: ${source.name} was done by an earlier run`);
    return counts;
  }
  if (found) run.log(`${name}: ${source.name} goes on from its checkpoint (${checked()} keys done)`);
  /** Shards that keys were compared with since the last window: their names may have led elsewhere, too. */
  const touched = new Set<ShardStore>();
  await walk({
    source,
    route: job.route,
    pacing: job.pacing,
    startCursor: found?.cursor ?? "0",
    ...(found ? { startRunId: found.runId } : {}),
    onBatch: async (name, keys) => {
      const other = run.shards(name);
      touched.add(other);
      addTo(counts, await job.onBatch(source, other, keys));
    },
    onWindow: async (cursor, runId) => {
      goOn();
      await Promise.all([...touched].map(assertItself));
      touched.clear();
      if (work === undefined) return void run.token();
      await writeCheckpoint(source, run.token(), name, {
        ...{ work, cursor, runId, done: cursor === "0", counts, atMs: run.clock.now() },
      });
      tell({ kind: "checkpoint", source: source.name });
    },
    onServer: assertItself,
    onRestart: async (restarted) => {
      await assertRemembers(restarted, job.record);
      const before = checked();
      for (const again of recounted) delete counts[again];
      skip(checked() - before);
    },
    log: run.log,
  });
  return counts;
}

function summary(total: Counts): string {
  const parts = Object.entries(total).map(([name, value]) => `${count(value)} ${name}`);
  return parts.length > 0 ? `, ${parts.join(", ")}` : "";
}

function addTo(sum: Counts, more: object): void {
  for (const [name, value] of Object.entries(more) as [string, number][]) sum[name] = (sum[name] ?? 0) + value;
}
