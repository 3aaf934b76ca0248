import { FencedError, LockedError } from "./errors";
import type { Clock, Log } from "./runtime";
import type { FencingToken, LockOf, ShardStore } from "./shard-store";

/** A lock that is not renewed ends after this time: so long a killed run keeps the next one waiting. */
const LOCK_MS = 20_000;
const RENEW_EVERY_MS = 4_000;
/** A live holder renews within this time; whoever sees no renewal waits for the end of the lock instead of giving up. */
const WATCH_MS = 2 * RENEW_EVERY_MS;
const POLL_MS = 500;

/** Who holds the lock, for the message that another run shows. */
export interface Holder {
  readonly token: FencingToken;
  readonly description: string;
}

/**
 * The lock of one run on every shard it works on. All shards are taken in the order of their names, so two runs
 * cannot each hold half. Scripts that write check the token on their own shard, so a run that lost its lock (paused,
 * cut off, killed and replaced) cannot write even if it does not know yet.
 */
export class RunLock {
  private lost: FencedError | undefined;
  private readonly held: ShardStore[] = [];
  private readonly timer = setInterval(() => void this.renew(), RENEW_EVERY_MS);

  private constructor(
    private readonly holder: Holder,
    private readonly of: LockOf,
  ) {}

  /**
   * Takes the lock of all shards, waiting for the lock of a killed run to end.
   * @throws LockedError when a live run holds one of them.
   */
  static async acquire(
    shards: readonly ShardStore[],
    holder: Holder,
    clock: Clock,
    log: Log,
    of: LockOf = "run",
  ): Promise<RunLock> {
    const lock = new RunLock(holder, of);
    try {
      for (const shard of [...shards].sort((a, b) => (a.name < b.name ? -1 : 1))) await lock.take(shard, clock, log);
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  /**
   * @returns the token to write with.
   * @throws FencedError once the lock is known to be lost.
   */
  token(): FencingToken {
    if (this.lost) throw this.lost;
    return this.holder.token;
  }

  /** Gives all shards back; a shard out of reach keeps the lock until it ends by itself. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    await Promise.allSettled(this.held.map((shard) => shard.unlock(this.holder.token, this.of)));
  }

  private async take(shard: ShardStore, clock: Clock, log: Log): Promise<void> {
    let before = Number.POSITIVE_INFINITY;
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const reply = await shard.lock(this.holder.token, this.holder.description, LOCK_MS, this.of);
      if (reply.taken) return void this.held.push(shard);
      // A lock whose remaining time rises is being renewed: its holder lives.
      if (reply.leftMs > before || waitedMs > LOCK_MS + WATCH_MS) throw new LockedError(shard.name, reply.holder);
      if (waitedMs === 0)
        log(`${shard.name} is locked by ${reply.holder}: waiting to see whether that run still lives`);
      before = reply.leftMs;
      await clock.sleep(POLL_MS);
    }
  }

  private async renew(): Promise<void> {
    // All at once, so that a shard that hangs does not cost the locks of the others.
    const renewals = this.held.map(async (shard) => {
      // Out of reach for now: what is written there fails by itself, and the next renewal may succeed.
      const reply = await shard
        .renew(this.holder.token, this.holder.description, LOCK_MS, this.of)
        .catch(() => undefined);
      if (reply?.taken === false) this.lost ??= new FencedError(shard.name, reply.holder);
    });
    await Promise.all(renewals);
  }
}
