import type { Limits } from "../monitoring/limits";
import type { MigrationMetrics } from "../monitoring/migration-metrics";
import { migrationQueries, namespaceScope, select, shardQueries } from "../monitoring/promql";
import { type Alert, MINUTE_MS } from "./rule";

/** A killed run reports no more, and Prometheus forgets its figures in five minutes: they are looked for this far back. */
const LAST_SEEN = "6h";

/** @returns the alerts on a migration itself. Pure. */
export function migrationAlerts(namespace: string, metrics: MigrationMetrics, { alerts }: Limits): readonly Alert[] {
  const scope = namespaceScope(namespace, "5m");
  const lastSeen = (metric: string) => `last_over_time(${select(metric, scope)}[${LAST_SEEN}])`;
  const byStep = (how: "max" | "min", metric: string) => `${how} by (namespace, step) (${lastSeen(metric)})`;
  const unfinished = `${byStep("max", metrics.edgesDone)} < ${byStep("max", metrics.edgesPlanned)}`;
  const stable = migrationQueries(metrics, scope).inPhase('phase="stable"');
  return [
    {
      name: "DedupMigrationStalled",
      // The newest checkpoint: a source that is done writes none any more.
      expr:
        `time() - ${byStep("max", metrics.checkpoint)} > ${alerts.stalledMs / 1000} ` +
        `and on (namespace, step) (${unfinished}) unless on (namespace) (${stable})`,
      forMs: MINUTE_MS,
      severity: "critical",
      summary: "The migration has stalled in {{ $labels.step }}",
      description: "{{ $labels.step }} has written no checkpoint for {{ $value | humanizeDuration }}, and is not done.",
      section: "migration-stalled",
    },
    {
      name: "DedupShardEvicting",
      // Also where no phase is known: without a Pushgateway nobody tells that a migration is open.
      expr: `${shardQueries.evictionsPerSecond(scope)} > 0 unless on (namespace) (${stable})`,
      forMs: 0,
      severity: "critical",
      summary: "{{ $labels.shard }} throws keys away during a migration",
      description: "{{ $labels.shard }} evicts {{ $value | humanize }} keys a second. Each is a first write forgotten.",
      section: "evictions",
    },
  ];
}
