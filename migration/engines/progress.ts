import { formatCount as count } from "../plan/format";
import type { Clock, Log } from "./runtime";

const EVERY_MS = 5_000;

/** Says every few seconds how far long work is: done of total, rate, time left. */
export class Progress {
  private done = 0;
  private already = 0;
  private readonly startMs: number;
  private saidMs: number;

  /** @param total - expected number of keys, an estimate; 0 when nobody knows. */
  constructor(
    private readonly what: string,
    private readonly total: number,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.startMs = this.saidMs = clock.now();
  }

  /** Counts keys that an earlier run did; a negative number takes back keys that must be done once more. */
  skip(keys: number): void {
    this.already += keys;
  }

  /** Counts keys that are done. */
  add(keys: number): void {
    this.done += keys;
    if (this.clock.now() - this.saidMs < EVERY_MS) return;
    this.saidMs = this.clock.now();
    this.log(this.line());
  }

  private line(): string {
    const rate = (this.done * 1_000) / Math.max(1, this.clock.now() - this.startMs);
    const done = this.already + this.done;
    const counted = `${this.what}: ${count(done)}`;
    const speed = `${count(Math.round(rate))} keys/s`;
    if (this.total < done || rate === 0) return `${counted} keys, ${speed}`;
    const percent = Math.floor((100 * done) / Math.max(1, this.total));
    return `${counted} of about ${count(this.total)} keys (${percent} %), ${speed}, ${seconds((this.total - done) / rate)} left`;
  }
}

/** @returns a duration given in seconds, as `45s` or `3m 20s`. */
export function seconds(value: number): string {
  const whole = Math.ceil(value);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`;
}
