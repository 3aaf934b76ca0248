/** A service whose metrics are as a test says. */
import type { MetricSettings, ServiceMetrics } from "../../../migration/engines/metric-gate";
import type { Reading } from "../../../migration/engines/service-metrics";
import { FakeClock } from "./fakes";

export const SETTINGS: MetricSettings = {
  queries: { requestsPerSecond: "r", errorRatio: "e", p95Ms: "p", hitRatio: "h" },
  limits: { maxErrorRatio: 0.01, maxP95Ms: 200, minHitRatio: 0.35, minRequestsPerSecond: 1 },
  windowMs: 120_000,
  bakeMs: 300_000,
  stabilityMs: 1_800_000,
  intervalMs: 30_000,
  failureLimit: 1,
  inconclusiveLimit: 2,
};

/** A service whose error ratio is as a script says, by the sample. */
export function fakeService(readings: readonly (number | string)[]) {
  const clock = new FakeClock(1_700_000_000_000);
  const lines: string[] = [];
  const times: (number | undefined)[] = [];
  const good: Readonly<Record<string, number>> = { r: 10, p: 20, h: 0.5 };
  const source = {
    ask: (query: string, atMs?: number): Promise<Reading> => {
      if (query !== "e") return Promise.resolve({ value: good[query] ?? NaN });
      const found = readings[times.length] ?? 0;
      times.push(atMs);
      return Promise.resolve(typeof found === "number" ? { value: found } : { inconclusive: found });
    },
  };
  const log = (line: string) => void lines.push(line);
  const metrics: ServiceMetrics = { source, settings: SETTINGS, clock, log };
  return {
    metrics,
    clock,
    lines,
    times,
  };
}
