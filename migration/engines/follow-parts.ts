import { readCheckpoint, type Checkpoint } from "./checkpoint";
import { passOn } from "./passed-brake";
import { Progress } from "./progress";
import type { CheckpointedWork, JobEvent, Run } from "./runtime";

const POLL_MS = 1_000;

/**
 * Follows work that others do, source by source, until it is over: says how far it is by the checkpoints that they leave,
 * and passes this run's brake on to them. Whether the work went well only they know: nothing fails for what cannot be seen.
 *
 * The ring is compared meanwhile, as the batches of work that is done here would: when it is no longer in force, this run
 * ends and gives its lock back, without which nobody else writes.
 *
 * @param edges - how many edges lead from each source, only to be told.
 * @param delegate - begins the work.
 * @throws what the work ends with.
 */
export async function followParts(
  run: Run,
  work: CheckpointedWork,
  edges: Readonly<Record<string, number>>,
  delegate: () => Promise<void>,
): Promise<void> {
  const parts = new Parts(run, work);
  await parts.begin(edges);
  let isOver = false;
  const over = delegate();
  const end = over.catch(() => undefined).finally(() => (isOver = true));
  while (!isOver) {
    await run.assertInForce?.();
    await parts.look().catch(() => undefined);
    await Promise.race([end, run.clock.sleep(POLL_MS)]);
  }
  await parts.look().catch(() => undefined);
  await over.catch((error: unknown) => {
    parts.fail();
    throw error;
  });
}

/** The sources of some work, as their checkpoints have them. */
class Parts {
  private readonly progress: Progress;
  private readonly seen = new Map<string, Checkpoint>();
  private asking: Promise<unknown> | undefined;

  constructor(
    private readonly run: Run,
    private readonly work: CheckpointedWork,
  ) {
    this.progress = new Progress(work.name, work.record.movers, run.clock, run.log);
  }

  async begin(edges: Readonly<Record<string, number>>): Promise<void> {
    const { sources, record } = this.work;
    // Also without a brake: a run that was killed may have left its own.
    await passOn(this.run, sources, this.run.brake?.level ?? 1);
    this.tell({ kind: "begun", sources, edges, movers: record.movers, checkpoints: true });
    await Promise.all(sources.map((source) => this.lookAt(source, "before")));
  }

  /** Tells of every source that is not done. */
  fail(): void {
    for (const source of this.work.sources) if (!this.seen.get(source)?.done) this.tell({ kind: "failed", source });
  }

  async look(): Promise<void> {
    await this.passBrake();
    await Promise.all(this.work.sources.map((source) => this.lookAt(source)));
  }

  /** Nobody waits for the brake here: it may hold the work for a long time, which is what the others are to know. */
  private async passBrake(): Promise<void> {
    const { brake } = this.run;
    if (brake === undefined) return;
    this.asking ??= brake.share().finally(() => (this.asking = undefined));
    await passOn(this.run, this.work.sources, brake.level);
  }

  private async lookAt(source: string, when: "before" | "meanwhile" = "meanwhile"): Promise<void> {
    const { name, checkpointFor } = this.work;
    const found = await readCheckpoint(this.run.shards(source), name, checkpointFor);
    const before = this.seen.get(source);
    if (found === undefined || JSON.stringify(found) === JSON.stringify(before)) return;
    this.seen.set(source, found);
    this.count(source, checked(found) - (before ? checked(before) : 0), when);
    this.tell({ kind: "checkpoint", source });
    if (found.done) this.tell({ kind: "done", source });
  }

  /** What was there before is an earlier run's; what is taken back is done once more. */
  private count(source: string, keys: number, when: "before" | "meanwhile"): void {
    if (when === "before" || keys < 0) {
      this.progress.skip(keys);
      this.tell({ kind: "skipped", source, keys });
    } else {
      this.progress.add(keys);
      this.tell({ kind: "keys", source, keys });
    }
  }

  private tell(event: JobEvent): void {
    this.run.onProgress?.({ job: this.work.name, ...event });
  }
}

const checked = ({ counts }: Checkpoint): number => counts["checked"] ?? 0;
