/** What clients felt, second by second and in between two moments. */

/** One submission. Times in ms since 1970. */
interface Sample {
  readonly atMs: number;
  readonly latencyMs: number;
  readonly failedTries: number;
  readonly answer: "first" | "duplicate" | "error";
}

/** Figures of a stretch of time. */
export interface Stretch {
  /** In which somebody asked: pauses are left out. */
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Submissions without an answer after the second try. */
  readonly errors: number;
  /** Tries that were sent again. */
  readonly retried: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The longest time between two successful writes, of those that ended inside; pauses are none. */
  readonly writeGapMs: number;
  /** The longest time that whoever asks stood still: where answers were slow, it may not be they. */
  readonly standstillMs: number;
}

export class Timeline {
  /** In the order of their answers. */
  private readonly samples: Sample[] = [];
  private readonly asking: { readonly fromMs: number; toMs: number }[] = [];
  private readonly standstills: { readonly atMs: number; readonly ms: number }[] = [];

  add(sample: Sample): void {
    this.samples.push(sample);
  }

  /** Whoever asks begins, or goes on after a pause, in which nothing can be written. */
  started(atMs: number): void {
    this.asking.push({ fromMs: atMs, toMs: Infinity });
  }

  /** Whoever asks pauses: what is answered from now on was asked before. */
  paused(atMs: number): void {
    const last = this.asking.at(-1);
    if (last) last.toMs = Math.min(last.toMs, atMs);
  }

  /** Whoever asks got to it so much later than it wanted to. */
  stoodStill(atMs: number, ms: number): void {
    this.standstills.push({ atMs, ms });
  }

  get startedMs(): number {
    return this.samples[0]?.atMs ?? Date.now();
  }

  get endedMs(): number {
    return this.samples.at(-1)?.atMs ?? Date.now();
  }

  /** @returns the figures of the submissions that were answered in [fromMs, toMs) */
  stretch(fromMs: number, toMs: number): Stretch {
    const inside = this.samples.slice(this.indexAt(fromMs), this.indexAt(toMs));
    const seconds = this.askingMs(fromMs, toMs) / 1000;
    const latencies = Float64Array.from(inside, ({ latencyMs }) => latencyMs).sort();
    return {
      seconds,
      requests: inside.length,
      requestsPerSecond: inside.length / seconds,
      errors: inside.filter(({ answer }) => answer === "error").length,
      retried: inside.reduce((sum, { failedTries }) => sum + failedTries, 0),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      writeGapMs: this.longestGap(fromMs, toMs),
      standstillMs: this.standstills.reduce(
        (longest, { atMs, ms }) => (fromMs <= atMs && atMs < toMs ? Math.max(longest, ms) : longest),
        0,
      ),
    };
  }

  private askingMs(fromMs: number, toMs: number): number {
    const overlaps = this.asking.map((it) => Math.min(it.toMs, toMs) - Math.max(it.fromMs, fromMs));
    return overlaps.reduce((sum, ms) => sum + Math.max(0, ms), 0);
  }

  private longestGap(fromMs: number, toMs: number): number {
    let longest = 0;
    let last = -Infinity;
    for (const { answer, atMs } of this.samples.slice(0, this.indexAt(toMs))) {
      if (answer !== "first") continue;
      // What is answered in a pause was asked before it, and tried again.
      const asking = this.asking.filter(({ fromMs: startMs }) => startMs <= atMs).at(-1);
      if (atMs >= fromMs && asking)
        longest = Math.max(longest, Math.min(atMs, asking.toMs) - Math.max(last, asking.fromMs));
      last = atMs;
    }
    return longest;
  }

  /** Binary search: answers come in the order of time. */
  private indexAt(atMs: number): number {
    let [low, high] = [0, this.samples.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.samples[middle]!.atMs < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Nearest rank of sorted values; 0 where there are none. */
const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
