import type { ServiceMetrics } from "./metric-gate";
import type { Brake } from "./runtime";
import { judge, LOAD_FIGURES, measure, type Judgement } from "./service-metrics";

/** Where work begins again after it was stopped. */
const FIRST_SHARE = 1 / 16;

/**
 * Slows work down while the service is over its limits: half as fast with every sample that is, and not at all after more
 * of them in a row than the failure limit; twice as fast with every sample that is not. While nobody can tell, work goes
 * on as it was: at night there is too little traffic to judge by, and nobody whom it could harm.
 *
 * A sample is taken when work asks and an interval has passed, so that a brake that nobody asks needs no end.
 */
export class ServiceBrake implements Brake {
  level = 1;
  private failures = 0;
  private dueMs = 0;
  private asking: Promise<void> | undefined;
  /** As of the last sample: that nobody can tell is said once, however long it lasts. */
  private couldNotTell = false;

  constructor(private readonly metrics: ServiceMetrics) {}

  async share(): Promise<number> {
    const { clock, settings } = this.metrics;
    await this.look();
    while (this.level === 0) {
      await clock.sleep(settings.intervalMs);
      await this.look();
    }
    return this.level;
  }

  /** Sources that ask at once take one sample between them. */
  private async look(): Promise<void> {
    if (this.metrics.clock.now() < this.dueMs) return;
    this.asking ??= this.sample().finally(() => (this.asking = undefined));
    await this.asking;
  }

  private async sample(): Promise<void> {
    const { source, settings, clock, log } = this.metrics;
    const judgement = judge(await measure(source, settings.queries, LOAD_FIGURES), settings.limits);
    this.dueMs = clock.now() + settings.intervalMs;
    const before = this.level;
    this.level = this.levelAfter(judgement);
    const cannotTell = judgement.outcome === "inconclusive";
    if (this.level !== before || this.level === 0) log(`throttle: ${this.pace()}: ${judgement.says}`);
    else if (cannotTell && !this.couldNotTell) log(`throttle: nobody can tell how the service is: ${judgement.says}`);
    this.couldNotTell = cannotTell;
  }

  private levelAfter({ outcome }: Judgement): number {
    if (outcome === "inconclusive") return this.level;
    this.failures = outcome === "pass" ? 0 : this.failures + 1;
    if (outcome === "pass") return Math.min(1, 2 * Math.max(this.level, FIRST_SHARE / 2));
    return this.failures > this.metrics.settings.failureLimit ? 0 : this.level / 2;
  }

  private pace(): string {
    return this.level === 0 ? "stopped until the service is better" : `at ${100 * this.level} % of the ceiling`;
  }
}
