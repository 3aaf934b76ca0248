import type { Brake, Clock, Pace } from "./runtime";

/** The pace recovers by this factor with every quick batch, and halves with every slow one. */
const RECOVERY = 1.1;
/** However slow a shard is, work goes on at this share of the ceiling. */
const FLOOR_SHARE = 0.02;

/**
 * Keeps a rate over all sources: an absolute schedule (GCRA: the next batch is due when the last one was due plus its
 * share of the rate), which neither drifts by the time the batches take nor bursts by more than one batch.
 * A slow answer lowers the rate, quick ones bring it back to its ceiling; the brake lowers it further.
 */
export class Throttle {
  private dueMs = 0;
  private rate: number;
  private share = 1;

  constructor(
    private readonly pace: Pace,
    private readonly clock: Clock,
    private readonly brake?: Brake,
  ) {
    this.rate = pace.keysPerSecond;
  }

  /** Keys that one batch may hold: a twentieth of a second's worth, so that slow rates are smooth as well. */
  get batchSize(): number {
    return Math.max(1, Math.min(this.pace.batchSize, Math.floor(this.pace.keysPerSecond / 20)));
  }

  /** Keys per second that may go at present. */
  get allowed(): number {
    return this.rate * this.share;
  }

  /** Waits until this many keys may go. */
  async take(keys: number): Promise<void> {
    this.share = this.brake ? await this.brake.share() : 1;
    const now = this.clock.now();
    const startMs = Math.max(this.dueMs, now);
    this.dueMs = startMs + (keys * 1_000) / this.allowed;
    if (startMs > now) await this.clock.sleep(startMs - now);
  }

  /** Runs one request and learns from how long its answer took. */
  async observe<T>(request: () => Promise<T>): Promise<T> {
    const before = this.clock.now();
    const answer = await request();
    const slow = this.clock.now() - before > this.pace.maxLatencyMs;
    const floor = this.pace.keysPerSecond * FLOOR_SHARE;
    this.rate = slow ? Math.max(floor, this.rate / 2) : Math.min(this.pace.keysPerSecond, this.rate * RECOVERY);
    return answer;
  }
}
