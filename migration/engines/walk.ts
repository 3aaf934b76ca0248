import type { Route } from "./route";
import type { Log } from "./runtime";
import type { ScanPage, ShardStore } from "./shard-store";

/** Pages after which a walk stops to take stock, however few of their keys concerned it. */
const PAGES_PER_WINDOW = 40;
/** Batches after which a walk stops to take stock. */
const BATCHES_PER_WINDOW = 4;

/** How large batches are, and how many of one source are under way at once: both may change under way. */
export interface Pacing {
  readonly batchSize: number;
  readonly flight: number;
}

/** A walk over all keys of one source. */
export interface Walk {
  readonly source: ShardStore;
  readonly route: Route;
  readonly pacing: Pacing;
  /** Where an earlier run stopped; `"0"` is the start. */
  readonly startCursor: string;
  /** The server process that `startCursor` belongs to. */
  readonly startRunId?: string;
  /** Does the work on keys that concern one other shard. */
  readonly onBatch: (other: string, keys: readonly Buffer[]) => Promise<void>;
  /** Called when everything before a cursor is done: the place to leave a checkpoint. `"0"` is the end. */
  readonly onWindow: (cursor: string, runId: string) => Promise<void>;
  /** Called when it is known which server process is asked, before its keys are: the place to make sure which shard that is. */
  readonly onServer: (source: ShardStore) => Promise<void>;
  /** Called when the server process was replaced under way, before the scan starts over: the place to distrust it. */
  readonly onRestart: (source: ShardStore) => Promise<void>;
  readonly log: Log;
}

/**
 * Visits every key that exists throughout, at least once (SCAN's guarantee; a key may come twice).
 * A cursor means nothing to another server process, so after a restart of the source the scan starts over.
 */
export async function walk(job: Walk): Promise<void> {
  let runId = await job.source.runId();
  await job.onServer(job.source);
  let cursor = job.startRunId === undefined || job.startRunId === runId ? job.startCursor : "0";
  if (cursor !== job.startCursor) await startOver(job);
  for (let done = false; !done;) {
    const next = await walkWindow(job, cursor);
    const runIdNow = await job.source.runId();
    if (runIdNow !== runId) {
      await startOver(job);
      [cursor, runId] = ["0", runIdNow];
      continue;
    }
    cursor = next;
    await job.onWindow(cursor, runId);
    done = cursor === "0";
  }
}

async function startOver(job: Walk): Promise<void> {
  job.log(`${job.source.name} was restarted: its scan starts over`);
  await job.onRestart(job.source);
}

/** Scans some pages, works on what concerns the job, and returns the cursor behind it when all of it is done. */
async function walkWindow(job: Walk, start: string): Promise<string> {
  const batches = new Batches(job);
  try {
    const cursor = await scanWindow(job, start, batches);
    await batches.finish();
    return cursor;
  } catch (error) {
    // Nothing is to go on behind the caller's back, who gives the lock and the connections away.
    await batches.settle();
    throw error;
  }
}

async function scanWindow(job: Walk, start: string, batches: Batches): Promise<string> {
  // The next page is asked for before this one is routed: hashing and waiting are the cost of a scan.
  let page: Promise<ScanPage> = job.source.scan(start);
  for (let pages = 1; ; pages++) {
    const { cursor, keys } = await page;
    const last = cursor === "0" || pages >= PAGES_PER_WINDOW || batches.begun >= BATCHES_PER_WINDOW;
    if (!last) (page = job.source.scan(cursor)).catch(() => undefined);
    await batches.add(keys);
    if (last) return cursor;
  }
}

/**
 * Gathers keys by the shard they concern and keeps a few batches under way. A key that comes again is left out: two batches
 * at work on it would count it twice. (SCAN repeats keys when its table is resized, and when a cursor outlives its server.)
 */
class Batches {
  begun = 0;
  private readonly gathered = new Map<string, Buffer[]>();
  private readonly known = new Set<string>();
  private readonly running = new Set<Promise<void>>();
  private failed = false;
  private failure: unknown;

  constructor(private readonly job: Walk) {}

  async add(keys: readonly Buffer[]): Promise<void> {
    for (const key of keys) {
      const other = this.job.route(key, this.job.source.name);
      if (other === undefined || this.isKnown(key)) continue;
      const batch = this.gathered.get(other) ?? [];
      batch.push(key);
      if (batch.length < this.job.pacing.batchSize) this.gathered.set(other, batch);
      else {
        this.gathered.delete(other);
        await this.begin(other, batch);
      }
    }
  }

  /** Sends what is left and waits until all is done. */
  async finish(): Promise<void> {
    for (const [other, batch] of this.gathered) await this.begin(other, batch);
    this.gathered.clear();
    await this.settle();
    if (this.failed) throw this.failure;
  }

  /** Waits until nothing is under way, well or not. */
  async settle(): Promise<void> {
    await Promise.all(this.running);
  }

  private isKnown(key: Buffer): boolean {
    const { size } = this.known;
    return this.known.add(key.toString("latin1")).size === size;
  }

  private async begin(other: string, batch: readonly Buffer[]): Promise<void> {
    while (this.running.size >= this.job.pacing.flight) await Promise.race(this.running);
    if (this.failed) throw this.failure;
    this.begun++;
    const work = this.job.onBatch(other, batch).catch((error: unknown) => {
      this.failed = true;
      this.failure ??= error;
    });
    const tracked: Promise<void> = work.finally(() => this.running.delete(tracked));
    this.running.add(tracked);
  }
}
