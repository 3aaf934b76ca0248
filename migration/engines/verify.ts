import { GateClosedError } from "./errors";
import type { MigrationRecord } from "./migration-record";
import { formatCount as count } from "../plan/format";
import { reconcile } from "./reconcile";
import { moversOnPrimary, moversOnSecondary, sourcesOf } from "./route";
import { DecidingShards, suspectsAmong } from "./run/suspect-shards";
import type { ShardStore } from "./shard-store";
import type { Direction, Pace, Run } from "./runtime";
import { byEdge, drawSample, type SampleJob } from "./sample";
import { addCounts, noCounts, syncExtras, syncKeys, type SyncJob, type SyncCounts } from "./sync";
import { DifferenceExamples } from "./steps/difference-examples";
import { Throttle } from "./throttle";

/** With so many passes under steady writes one is clean; if none is, something keeps the rings apart. */
const MAX_PASSES = 10;
/** "Rule of three": with 0 bad of n, at 95 % confidence at most 3/n are bad (Hanley & Lippman-Hand 1983). */
const RULE_OF_THREE = 3;

/** How to verify. */
export interface VerifySettings {
  readonly mode: "full" | "sample";
  readonly sampleSize: number;
  readonly expiryToleranceMs: number;
  /** W: a claim's second write is not sent later than this after its first. */
  readonly claimWindowMs: number;
  /** A command of a claim lands no later than this after it was sent. */
  readonly commandTimeoutMs: number;
  readonly pace: Pace;
}

/** The outcome, as shown in the stack's outputs. */
export interface VerifyReport extends SyncCounts {
  readonly mode: "full" | "sample";
  /** Passes that it took, the clean one included. */
  readonly passes: number;
  /** Share of differing movers that may have gone unseen, at 95 % confidence: 0 after a full verify. */
  readonly bound: number;
  /** Which ring decided: its shards, in ring order. */
  readonly primary: readonly string[];
  /** ISO 8601. */
  readonly at: string;
}

/** What to verify. */
export interface VerifyJob {
  readonly record: MigrationRecord;
  readonly direction: Direction;
  readonly settings: VerifySettings;
  /** Uniform in [0, 1); draws the sample. */
  readonly random?: () => number;
  /** Called before each pass: what is noted then is what a clean pass speaks of. */
  readonly beforePass?: () => Promise<void>;
}

/**
 * Compares every mover (or a sample) on both rings, both ways, and repairs, until a pass finds nothing. That pass
 * starts at least a claim window and a command timeout after the last write of any engine: a repair may have deleted or
 * overtaken the first half of a claim, whose second half may be sent at the end of the window, and only then has landed. A sample that finds anything is
 * followed by full passes.
 *
 * @returns the counts over all passes (`checked`: of the clean one).
 * @throws GateClosedError when no pass comes out clean.
 */
export async function verifyAndRepair(unwatched: Run, job: VerifyJob): Promise<VerifyReport> {
  const { settings } = job;
  const sum = noCounts();
  const differing = new DifferenceExamples();
  const run: Run = { ...unwatched, onDifference: differing.note };
  let mode = await modeOf(run, job);
  for (let passes = 1; passes <= MAX_PASSES; passes++) {
    await run.clock.sleep(settings.claimWindowMs + settings.commandTimeoutMs);
    differing.forget();
    await job.beforePass?.();
    const found = mode === "full" ? await fullPass(run, job) : await samplePass(run, job);
    const differences = found.missing + found.different + found.extra;
    addCounts(sum, { ...found, checked: 0 });
    run.onProgress?.({ job: "verify", kind: "verified", counts: { ...found, repaired: sum.repaired } });
    run.log(
      `verify, pass ${passes} (${mode}): ${count(found.checked)} keys checked, ${count(found.missing)} missing, ` +
        `${count(found.different)} different, ${count(found.extra)} extra, ${count(found.repaired)} repaired`,
    );
    if (differences === 0) return report(run, job, mode, passes, { ...sum, checked: found.checked });
    mode = "full";
  }
  throw new GateClosedError(
    `verify: ${MAX_PASSES} passes found differences each time (missing ${sum.missing}, different ${sum.different}, ` +
      `extra ${sum.extra}; repaired ${sum.repaired})${differing.examples()}. ${differing.cause()}`,
  );
}

/** A sample says how many keys differ by chance, and nothing of a shard that may have lost its last writes. */
async function modeOf(run: Run, { settings, record, direction }: VerifyJob): Promise<"full" | "sample"> {
  if (settings.mode === "full") return "full";
  const names = new Set([...direction.primary.shards, ...direction.secondary.shards]);
  const suspects = await suspectsAmong([...names].map(run.shards), record);
  if (suspects.length === 0) return "sample";
  run.log(`verify: ${suspects.join(", ")} may have lost writes, so every key is compared instead of a sample`);
  return "full";
}

function report(run: Run, job: VerifyJob, mode: "full" | "sample", passes: number, counts: SyncCounts): VerifyReport {
  return {
    mode,
    ...counts,
    passes,
    bound: mode === "full" ? 0 : RULE_OF_THREE / Math.max(RULE_OF_THREE, counts.checked),
    primary: job.direction.primary.shards,
    at: new Date(run.clock.now()).toISOString(),
  };
}

function syncJobOf(run: Run, { record, settings }: VerifyJob): SyncJob {
  const throttle = new Throttle(settings.pace, run.clock);
  const { expiryToleranceMs } = settings;
  const deciding = new DecidingShards(record, run.log);
  return {
    run,
    record,
    throttle,
    expiryToleranceMs,
    settle: true,
    deciding,
    claimMs: claimMsOf(settings),
    givesBack: true,
  };
}

const claimMsOf = ({ claimWindowMs, commandTimeoutMs }: VerifySettings): number => claimWindowMs + commandTimeoutMs;

function fullPass(run: Run, { record, direction, settings }: VerifyJob): Promise<SyncCounts> {
  const { pace, expiryToleranceMs } = settings;
  return reconcile(run, {
    name: "verify",
    record,
    direction,
    pace,
    expiryToleranceMs,
    claimMs: claimMsOf(settings),
    extra: "complete",
    settle: true,
  });
}

async function samplePass(run: Run, job: VerifyJob): Promise<SyncCounts> {
  const { record, direction, settings, random = Math.random } = job;
  const sync = syncJobOf(run, job);
  const common = { record, size: settings.sampleSize, random };
  const movers = await inSample(
    run,
    sync.throttle.batchSize,
    {
      ...common,
      name: "verify, drawing",
      sources: sourcesOf(direction.primary, direction.secondary),
      route: moversOnPrimary(run.rings, direction),
    },
    (primary, secondary, keys) => syncKeys({ primary, secondary }, keys, sync),
  );
  const copies = await inSample(
    run,
    sync.throttle.batchSize,
    {
      ...common,
      name: "verify, drawing left-overs",
      sources: sourcesOf(direction.secondary, direction.primary),
      route: moversOnSecondary(run.rings, direction),
    },
    (secondary, primary, keys) => syncExtras({ primary, secondary }, keys, "complete", sync),
  );
  addCounts(movers, { ...copies, checked: 0 });
  return movers;
}

/** Draws a sample and works on it, batch by batch. */
async function inSample(
  run: Run,
  batchSize: number,
  draw: SampleJob,
  onBatch: (source: ShardStore, other: ShardStore, keys: readonly Buffer[]) => Promise<SyncCounts>,
): Promise<SyncCounts> {
  const sum = noCounts();
  for (const { source, other, keys } of byEdge(await drawSample(run, draw))) {
    for (const batch of batches(keys, batchSize)) addCounts(sum, await onBatch(source, other, batch));
  }
  return sum;
}

function batches<T>(items: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
