import type { Clock, Log } from "./runtime";
import {
  judge,
  measure,
  type Baseline,
  type Judgement,
  type MetricsSource,
  type Queries,
  type ServiceLimits,
} from "./service-metrics";

/** What is asked, how often, and what is good enough. */
export interface MetricSettings {
  readonly queries: Queries;
  readonly limits: ServiceLimits;
  /** How far the queries' rates reach back. */
  readonly windowMs: number;
  /** How long the service is watched after a cutover. */
  readonly bakeMs: number;
  /** How long it must have been well before the cleanup. */
  readonly stabilityMs: number;
  /** The time between two samples. */
  readonly intervalMs: number;
  /** More bad samples than this close a gate. */
  readonly failureLimit: number;
  /** More samples than this of which nothing can be concluded hold it. */
  readonly inconclusiveLimit: number;
}

const TOO_EARLY = "and there are too few other samples since the cutover: they come with time";

/** Whom to ask, and what; with the clock that samples go by. */
export interface ServiceMetrics {
  readonly source: MetricsSource;
  readonly settings: MetricSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** How an analysis came out; after a pass the figures of its last sample. */
export interface Verdict extends Judgement {
  readonly samples: number;
}

/**
 * Takes samples until enough of them have passed, or too many have not: in the manner of an analysis of Argo Rollouts
 * (https://argo-rollouts.readthedocs.io/en/stable/features/analysis/), but a sample that does not pass is made up for by
 * one more, so that nothing passes by what could not be measured. Takes `needed` + `failureLimit` + `inconclusiveLimit`
 * samples at most.
 *
 * @param needed - how many samples must pass.
 * @param sample - takes the next one, from 0.
 */
export async function analyse(
  needed: number,
  { failureLimit, inconclusiveLimit }: Pick<MetricSettings, "failureLimit" | "inconclusiveLimit">,
  sample: (index: number) => Promise<Judgement>,
): Promise<Verdict> {
  const most = { pass: needed - 1, fail: failureLimit, inconclusive: inconclusiveLimit };
  const counts = { pass: 0, fail: 0, inconclusive: 0 };
  for (let samples = 1; ; samples++) {
    const { outcome, says } = await sample(samples - 1);
    counts[outcome]++;
    if (counts[outcome] > most[outcome]) return { outcome, says, samples };
  }
}

/**
 * Asks how the service is, from now on and for some time: at 0, one interval after the other until the time is over.
 *
 * @param durationMs - 0: one good sample is enough.
 */
export function watchService(
  { source, settings, clock, log }: ServiceMetrics,
  { what, durationMs, baseline }: { readonly what: string; readonly durationMs: number; readonly baseline: Baseline },
): Promise<Verdict> {
  const needed = samplesIn(durationMs, settings);
  return analyse(needed, settings, async (index) => {
    if (index > 0) await clock.sleep(settings.intervalMs);
    const judgement = judge(await measure(source, settings.queries), settings.limits, baseline);
    log(`${what}, sample ${index + 1} (${needed} must pass): ${judgement.outcome}, ${judgement.says}`);
    return judgement;
  });
}

/**
 * Asks how the service has been for some time, the latest first: what has passed need not be waited for.
 *
 * @param sinceMs - what was before does not make up for samples that did not pass.
 */
export function lookBack(
  { source, settings, clock }: ServiceMetrics,
  {
    durationMs,
    sinceMs,
    baseline,
  }: { readonly durationMs: number; readonly sinceMs: number; readonly baseline: Baseline },
): Promise<Verdict> {
  const { queries, limits, intervalMs } = settings;
  const nowMs = clock.now();
  // What kept the time since the cutover from being enough.
  let notPassed: Judgement = { outcome: "inconclusive", says: "the cutover was a moment ago" };
  return analyse(samplesIn(durationMs, settings), settings, async (index) => {
    const atMs = nowMs - index * intervalMs;
    if (atMs < sinceMs) return { outcome: notPassed.outcome, says: `${notPassed.says}; ${TOO_EARLY}` };
    const { outcome, says } = judge(await measure(source, queries, undefined, atMs), limits, baseline);
    const judgement = { outcome, says: `at ${new Date(atMs).toISOString()} ${says}` };
    if (outcome !== "pass") notPassed = judgement;
    return judgement;
  });
}

const samplesIn = (durationMs: number, { intervalMs }: MetricSettings): number =>
  Math.floor(durationMs / intervalMs) + 1;
