import { OwnerFailedError, retryable, RetryableError } from "./retryable";

/** Tells the time by its own clock, in ms since 1970. */
interface Clock {
  timeMs(): Promise<number>;
}

/**
 * The time within which a claim may make its second write, or complete another claim. A verify waits for it, so a write
 * that comes later would be seen by nobody.
 *
 * Two clocks hold it. This process looks at its own before it sends the write. It may be stopped right after that look,
 * so the write also carries a deadline, which the shard compares with its clock as the write lands. A deadline is the
 * same shard's time before the first write plus the window: no two clocks are compared, so it does no harm when they
 * differ.
 */
export class ClaimWindow {
  private readonly begunMs = performance.now();

  private constructor(
    private readonly lengthMs: number,
    /** By shard name: its time before the first write, or why it did not tell it. */
    private readonly times: ReadonlyMap<string, number | OwnerFailedError>,
  ) {}

  /**
   * Asks the owners for their time, side by side. A claim with one owner has no later write, so nobody is asked. Where
   * the second owner fails the claim goes on, because the first one may know that it is a duplicate.
   *
   * @param owners in the order in which they are written.
   * @throws RetryableError when the first owner fails.
   */
  static async open(owners: readonly string[], shard: (name: string) => Clock, lengthMs: number): Promise<ClaimWindow> {
    const [first, second] = owners;
    if (first === undefined || second === undefined) return new ClaimWindow(lengthMs, new Map());
    const [firstTime, secondTime] = await Promise.all([
      retryable(shard(first).timeMs()),
      shard(second)
        .timeMs()
        .catch((cause: unknown) => new OwnerFailedError(cause)),
    ]);
    return new ClaimWindow(lengthMs, new Map([[first, firstTime] as const, [second, secondTime] as const]));
  }

  /**
   * @returns when the owner refuses a later write of the claim, in ms since 1970 by the owner's clock.
   * @throws RetryableError when the window is over already, or the owner did not tell its time.
   */
  deadlineOf(owner: string): number {
    if (performance.now() - this.begunMs > this.lengthMs) throw new RetryableError("the claim window is over");
    const time = this.times.get(owner) ?? new OwnerFailedError(new Error(`${owner} was not asked for its time`));
    if (typeof time !== "number") throw time;
    return time + this.lengthMs;
  }
}
