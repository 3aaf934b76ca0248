import type { Clock, Run } from "./runtime";

/** How many keys a run had done at a time. */
export interface Sample {
  /** Unix ms. */
  readonly atMs: number;
  readonly keys: number;
}

/** They are kept in Pulumi's state, so there must not be many. */
export const MAX_SAMPLES = 60;
const FIRST_EVERY_MS = 1_000;

/** Notes how far work is: each time that there are too many notes every other one goes, and they get rarer. */
export class Samples {
  private taken: Sample[];
  private everyMs = FIRST_EVERY_MS;
  private dueMs: number;
  private keys = 0;

  constructor(private readonly clock: Clock) {
    const atMs = clock.now();
    this.taken = [{ atMs, keys: 0 }];
    this.dueMs = atMs + this.everyMs;
  }

  /** Counts keys that are done. */
  add(keys: number): void {
    this.keys += keys;
    const atMs = this.clock.now();
    if (atMs < this.dueMs) return;
    this.taken.push({ atMs, keys: this.keys });
    if (this.taken.length === MAX_SAMPLES) {
      this.taken = this.taken.filter((_, i) => i % 2 === 0);
      this.everyMs *= 2;
    }
    this.dueMs = atMs + this.everyMs;
  }

  /** @returns at most {@link MAX_SAMPLES}, the last one of now; undefined when nothing was done. */
  list(): readonly Sample[] | undefined {
    return this.keys === 0 ? undefined : [...this.taken, { atMs: this.clock.now(), keys: this.keys }];
  }
}

/** @returns a run whose keys are sampled as they are done. */
export function sampled(run: Run, samples: Samples): Run {
  return {
    ...run,
    onProgress: (event) => {
      run.onProgress?.(event);
      if (event.kind === "keys") samples.add(event.keys);
    },
  };
}
