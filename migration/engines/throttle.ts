import type { Brake, Clock, Pace } from "./runtime";

/** Batches of one source that are under way at once, when the shards bear it. */
const FLIGHT = 2;
/** Batches do not get smaller than this for the sake of the shards: then there are fewer of them. */
const LEAST_BATCH = 20;
/** Answers by which the shards are judged: half of them may be slow by chance, a tunnel's for example. */
const WINDOW = 20;
/** Work gets larger by this factor with every window in which the shards are quick. */
const RECOVERY = 1.25;
/** However slow a shard is, work goes on at this share of the ceiling. */
const FLOOR_SHARE = 0.02;

/**
 * Keeps a rate over all sources: an absolute schedule (GCRA: the next batch is due when the last one was due plus its
 * share of the rate), which neither drifts by the time the batches take nor bursts by more than one batch.
 *
 * Learns from how long answers take what other clients of the shards wait for the sake of the work: while that is too long
 * batches get smaller, then fewer are under way at once, then the rate falls; all come back when it is not. The brake
 * lowers the rate further.
 */
export class Throttle {
  private dueMs = 0;
  private rate: number;
  private share = 1;
  private batch: number;
  private underWay = FLIGHT;
  private waitsMs: number[] = [];
  /** The quickest answer of all: the way there and back. */
  private wayMs = Infinity;

  constructor(
    readonly pace: Pace,
    private readonly clock: Clock,
    private readonly brake?: Brake,
  ) {
    this.rate = pace.keysPerSecond;
    this.batch = pace.batchSize;
  }

  /** Keys that one batch may hold at present: a twentieth of a second's worth, so that slow rates are smooth as well. */
  get batchSize(): number {
    return Math.max(1, Math.min(this.batch, Math.floor(this.pace.keysPerSecond / 20)));
  }

  /** Batches of one source that may be under way at once at present. */
  get flight(): number {
    return this.underWay;
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
    this.learn(this.clock.now() - before);
    return answer;
  }

  private learn(tookMs: number): void {
    this.wayMs = Math.min(this.wayMs, tookMs);
    this.waitsMs.push(tookMs - this.wayMs);
    if (this.waitsMs.length < WINDOW) return;
    const slow = this.waitsMs.filter((waitMs) => waitMs > this.pace.maxSourceLatencyMs).length;
    this.waitsMs = [];
    if (slow > WINDOW / 2) this.goEasy();
    else this.goOn();
  }

  private goEasy(): void {
    if (this.batchSize > LEAST_BATCH) this.batch = Math.max(LEAST_BATCH, Math.floor(this.batchSize / 2));
    else if (this.underWay > 1) this.underWay = 1;
    else this.rate = Math.max(this.pace.keysPerSecond * FLOOR_SHARE, this.rate / 2);
  }

  private goOn(): void {
    if (this.rate < this.pace.keysPerSecond) this.rate = Math.min(this.pace.keysPerSecond, this.rate * RECOVERY);
    else if (this.underWay < FLIGHT) this.underWay = FLIGHT;
    else this.batch = Math.min(this.pace.batchSize, Math.ceil(this.batch * RECOVERY));
  }
}
