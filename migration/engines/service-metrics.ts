/** What the service's metrics say at one moment, and whether that is good enough. Pure but for the asking. */

import { formatPercent } from "../plan/format";

/** The figures that the gates go by. Ratios are 0 to 1. */
export const FIGURES = ["requestsPerSecond", "errorRatio", "p95Ms", "hitRatio"] as const;
export type Figure = (typeof FIGURES)[number];

/** The figures that a copy can spoil; how many duplicates there are it cannot change. */
export const LOAD_FIGURES = ["requestsPerSecond", "errorRatio", "p95Ms"] as const satisfies readonly Figure[];

/** One number; or why there is none, what was asked and what came back: nothing may be concluded from that. */
export type Reading = { readonly value: number; readonly query?: string } | { readonly inconclusive: string };

/** Somebody who knows the metrics. */
export interface MetricsSource {
  /**
   * Never throws: what goes wrong is the reading.
   * @param query - PromQL whose answer is one number.
   * @param atMs - as of when, Unix ms. @default now
   */
  ask(query: string, atMs?: number): Promise<Reading>;
}

/** PromQL of each figure. */
export type Queries = Readonly<Record<Figure, string>>;

/** What the service promises. Ratios are 0 to 1. */
export interface ServiceLimits {
  readonly maxErrorRatio: number;
  readonly maxP95Ms: number;
  readonly minHitRatio: number;
  /** The share of the baseline's hit ratio that must be left; given, and the baseline known, it replaces `minHitRatio`. */
  readonly minHitRatioOfBaseline?: number;
  /** Below this there is too little traffic to judge. */
  readonly minRequestsPerSecond: number;
}

/** The figures before the migration; those that nobody could tell are missing. */
export type Baseline = Readonly<Partial<Record<Figure, number>>>;

/** The readings of one moment. */
export type Measurement = Readonly<Partial<Record<Figure, Reading>>>;

/** What a measurement comes to. */
export interface Judgement {
  readonly outcome: "pass" | "fail" | "inconclusive";
  /** The figures, those that are off or those that nobody can tell. */
  readonly says: string;
}

/** Asks for some figures. */
export async function measure(
  source: MetricsSource,
  queries: Queries,
  figures: readonly Figure[] = FIGURES,
  atMs?: number,
): Promise<Measurement> {
  const readings = await Promise.all(
    figures.map(async (figure) => [figure, { ...(await source.ask(queries[figure], atMs)), query: queries[figure] }]),
  );
  return Object.fromEntries(readings) as Measurement;
}

/**
 * Holds a measurement against the limits. Without enough traffic the other figures mean nothing, whatever they are; with
 * it one figure that is off is enough, and one that nobody can tell keeps the others from passing.
 */
export function judge(measurement: Measurement, limits: ServiceLimits, baseline: Baseline = {}): Judgement {
  const { requestsPerSecond: traffic = { inconclusive: "nobody asked" }, ...others } = measurement;
  if ("inconclusive" in traffic) return { outcome: "inconclusive", says: unknown("requestsPerSecond", traffic) };
  if (traffic.value < limits.minRequestsPerSecond) {
    const least = `${SHOWN.requestsPerSecond(limits.minRequestsPerSecond)} (metrics.limits.minRequestsPerSecond)`;
    const says = `there are ${SHOWN.requestsPerSecond(traffic.value)}, and fewer than ${least} are too few to judge by`;
    const asked = traffic.query === undefined ? "" : ` (asked for ${traffic.query})`;
    return { outcome: "inconclusive", says: says + asked };
  }
  const readings = Object.entries(others) as (readonly [keyof typeof others, Reading])[];
  const off = readings.flatMap(([figure, reading]) =>
    "value" in reading ? (RULES[figure](reading.value, limits, baseline) ?? []) : [],
  );
  if (off.length > 0) return { outcome: "fail", says: off.join("; ") };
  const gaps = readings.flatMap(([figure, reading]) => ("value" in reading ? [] : unknown(figure, reading)));
  if (gaps.length > 0) return { outcome: "inconclusive", says: gaps.join("; ") };
  return { outcome: "pass", says: describe(measurement) };
}

/** @returns the figures that are known. */
export const known = (measurement: Measurement): Baseline =>
  Object.fromEntries(
    Object.entries(measurement).flatMap(([figure, reading]) => ("value" in reading ? [[figure, reading.value]] : [])),
  );

/** @returns the readings of a measurement on one line. */
export const describe = (measurement: Measurement): string =>
  FIGURES.flatMap((figure) => {
    const reading = measurement[figure];
    if (reading === undefined) return [];
    return "value" in reading ? SHOWN[figure](reading.value) : unknown(figure, reading);
  }).join(", ");

const rounded = (value: number): number => Number(value.toFixed(2));

const SHOWN: Readonly<Record<Figure, (value: number) => string>> = {
  requestsPerSecond: (value) => `${rounded(value)} requests/s`,
  errorRatio: (value) => `${formatPercent(value)} errors`,
  p95Ms: (value) => `p95 ${rounded(value)} ms`,
  hitRatio: (value) => `${formatPercent(value)} duplicates`,
};

const unknown = (figure: Figure, { inconclusive }: { readonly inconclusive: string }): string =>
  `${figure} is not known: ${inconclusive}`;

/** Says what is wrong with a figure, if anything is. */
type Rule = (value: number, limits: ServiceLimits, baseline: Baseline) => string | undefined;

const RULES: Readonly<Record<Exclude<Figure, "requestsPerSecond">, Rule>> = {
  errorRatio: (value, { maxErrorRatio: most }) =>
    value > most
      ? `errorRatio is ${formatPercent(value)}, above ${formatPercent(most)} (metrics.limits.maxErrorRatio)`
      : undefined,
  p95Ms: (value, { maxP95Ms: most }) =>
    value > most ? `p95Ms is ${rounded(value)}, above ${most} (metrics.limits.maxP95Ms)` : undefined,
  hitRatio: (value, limits, baseline) => {
    const { least, from } = leastHitRatio(limits, baseline);
    return value < least ? `hitRatio is ${formatPercent(value)}, below ${formatPercent(least)} (${from})` : undefined;
  },
};

function leastHitRatio({ minHitRatio, minHitRatioOfBaseline: share }: ServiceLimits, { hitRatio }: Baseline) {
  if (share === undefined || hitRatio === undefined) return { least: minHitRatio, from: "metrics.limits.minHitRatio" };
  return { least: share * hitRatio, from: `metrics.limits.minHitRatioOfBaseline of ${formatPercent(hitRatio)}` };
}
