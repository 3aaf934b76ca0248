/** The config section `metrics`: what the service promises. */
import type { z } from "zod";
import { positive, ratio, section } from "./values";

const limits = section({
  maxErrorRatio: ratio.default(0.01),
  maxP95Ms: positive.default(200),
  minHitRatio: ratio.default(0.35),
  minRequestsPerSecond: positive.default(1),
});

export const metrics = section({ limits: limits.prefault({}) });

/** The section as the program uses it. */
export interface MetricsConfig {
  /** What the service promises; ratios are 0 to 1. */
  readonly limits: Readonly<z.output<typeof limits>>;
}
