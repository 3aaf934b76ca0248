import type { Limits } from "../monitoring/limits";
import type { MigrationMetrics } from "../monitoring/migration-metrics";
import { backendQueries as backend, migrationQueries, namespaceScope } from "../monitoring/promql";
import { type Alert, MINUTE_MS } from "./rule";

/** @returns the alerts on what the backend reports. Pure. */
export function backendAlerts(
  namespace: string,
  metrics: MigrationMetrics,
  { service, alerts }: Limits,
): readonly Alert[] {
  const scope = namespaceScope(namespace, "5m");
  const judged = `and on (namespace) (${backend.requestsPerSecond(scope)} >= ${service.minRequestsPerSecond})`;
  // Not "and after it": without a Pushgateway no phase is known, and the alert must not be silent for that.
  const beforeCutover = migrationQueries(metrics, scope).inPhase('phase!~"cutover|cleanup"');
  return [
    {
      name: "DedupBackendErrors",
      expr: `${backend.errorRatio(scope)} > ${service.maxErrorRatio} ${judged}`,
      forMs: 5 * MINUTE_MS,
      severity: "critical",
      summary: "The backend answers with errors",
      description: "{{ $value | humanizePercentage }} of the submissions end in a 5xx.",
      section: "backend-errors",
    },
    {
      name: "DedupBackendSlow",
      expr: `${backend.latency(0.95, scope)} > ${service.maxP95Ms / 1000} ${judged}`,
      forMs: 10 * MINUTE_MS,
      severity: "warning",
      summary: "The backend is slow",
      description: "p95 of the submissions is {{ $value | humanizeDuration }}.",
      section: "backend-latency",
    },
    {
      name: "DedupDualWriteErrors",
      expr: `${backend.dualWriteErrorsPerSecond(scope)} > 0`,
      forMs: 2 * MINUTE_MS,
      severity: "warning",
      summary: "Dual-writes fail",
      description: "{{ $value | humanize }} claims a second end in a retry because an owner failed.",
      section: "dual-write-errors",
    },
    {
      name: "DedupHitRatioLow",
      expr: `${backend.hitRatio(scope)} < ${alerts.minHitRatioAfterCutover} ${judged} unless on (namespace) (${beforeCutover})`,
      forMs: 10 * MINUTE_MS,
      severity: "critical",
      summary: "Few duplicates are found since the cutover",
      description: "Only {{ $value | humanizePercentage }} of the submissions are answered as duplicates.",
      section: "hit-ratio",
    },
    {
      name: "DedupRingEpochSkew",
      expr: `${backend.epochSkew(scope)} > 0`,
      forMs: alerts.epochSkewMs,
      severity: "critical",
      summary: "Backend pods run different rings",
      description: "The oldest ring epoch among the backend's pods is {{ $value }} behind the newest.",
      section: "epoch-skew",
    },
  ];
}
