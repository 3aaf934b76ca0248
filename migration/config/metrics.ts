/** The config section `metrics`: what the service promises, and how Prometheus is asked whether it keeps that. */
import { z } from "zod";
import { certificates, durationBetween, integer, positive, ratio, section, text } from "./values";

const query = z.exactOptional(text(/\S/, "a PromQL query"));

const queries = section({ requestsPerSecond: query, errorRatio: query, p95Ms: query, hitRatio: query });

const limits = section({
  maxErrorRatio: ratio.default(0.01),
  maxP95Ms: positive.default(200),
  minHitRatio: ratio.default(0.35),
  minHitRatioOfBaseline: z.exactOptional(ratio),
  minRequestsPerSecond: positive.default(1),
});

const MAX_BAD_SAMPLES = 1_000;

export const metrics = section({
  url: z.exactOptional(z.string("a URL")),
  username: z.exactOptional(text(/^[^:\s]+$/, "a user name without colons and spaces")),
  caCertificate: z.exactOptional(certificates),
  queries: queries.prefault({}),
  limits: limits.prefault({}),
  window: durationBetween("10s", "1d").prefault("2m"),
  interval: durationBetween("1s", "1h").prefault("30s"),
  bake: durationBetween("1s", "1d").prefault("5m"),
  stability: durationBetween("1s", "7d").prefault("30m"),
  failureLimit: integer(0, MAX_BAD_SAMPLES).default(2),
  inconclusiveLimit: integer(0, MAX_BAD_SAMPLES).default(4),
  autoRollback: z.boolean("true or false").default(false),
});

/** The section as the program uses it. */
export interface MetricsConfig {
  /** Of Prometheus, without credentials. Absent: the gates on metrics are off. */
  readonly url?: string;
  /** For basic auth, with the secret `metricsPassword`. */
  readonly username?: string;
  /** PEM of further certificate authorities. */
  readonly caCertificate?: string;
  /** PromQL of figures that the defaults do not fit. */
  readonly queries: Readonly<z.output<typeof queries>>;
  /** What the service promises; ratios are 0 to 1. */
  readonly limits: Readonly<z.output<typeof limits>>;
  /** The range of the rates in the default queries. */
  readonly windowMs: number;
  /** The time between two samples. */
  readonly intervalMs: number;
  /** How long the service is watched after a cutover. */
  readonly bakeMs: number;
  /** How long it must have been well before the cleanup. */
  readonly stabilityMs: number;
  /** More bad samples than this close a gate. */
  readonly failureLimit: number;
  /** More samples than this of which nothing can be concluded hold it. */
  readonly inconclusiveLimit: number;
  /** Whether a bake that fails moves the ring back. */
  readonly autoRollback: boolean;
}

/** @returns the section with its durations named as what they are. */
export function metricsOf({ window, interval, bake, stability, ...rest }: z.output<typeof metrics>): MetricsConfig {
  return { ...rest, windowMs: window, intervalMs: interval, bakeMs: bake, stabilityMs: stability };
}
