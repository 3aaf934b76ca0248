import type { Brake, Clock, Run } from "./runtime";
import type { FencingToken, ShardStore } from "./shard-store";

const RECORD = "brake";
const LOOK_EVERY_MS = 1_000;

/** Tells those who work on these sources elsewhere how far a brake lets them. */
export async function passOn(run: Run, sources: readonly string[], level: number): Promise<void> {
  await Promise.all(sources.map((name) => run.shards(name).writeRecord(run.token(), RECORD, String(level))));
}

/** Removes what {@link passOn} left. */
export const removeBrake = (source: ShardStore, token: FencingToken): Promise<void> =>
  source.writeRecord(token, RECORD, undefined);

/** A brake that somebody else holds, see {@link passOn}: as a record on the source that is worked on. */
export class PassedBrake implements Brake {
  level = 1;
  private dueMs = 0;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly source: ShardStore,
    private readonly token: () => FencingToken,
    private readonly clock: Clock,
  ) {}

  async share(): Promise<number> {
    await this.look();
    while (this.level === 0) {
      await this.clock.sleep(LOOK_EVERY_MS);
      // Who waits must notice that whoever holds the brake is no more: a fenced write, of nothing.
      await this.source.writeRecord(this.token(), `${RECORD}:awaited`, undefined);
      await this.look();
    }
    return this.level;
  }

  /** Batches that ask at once look once. */
  private async look(): Promise<void> {
    if (this.clock.now() < this.dueMs) return;
    this.looking ??= this.read().finally(() => (this.looking = undefined));
    await this.looking;
  }

  private async read(): Promise<void> {
    this.level = Number((await this.source.readRecord(RECORD)) ?? 1);
    this.dueMs = this.clock.now() + LOOK_EVERY_MS;
  }
}
