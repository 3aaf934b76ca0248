import type { Limits } from "../monitoring/limits";
import type { MigrationMetrics } from "../monitoring/migration-metrics";
import { migrationQueries, namespaceScope, narrowed, select, shardQueries, type Scope } from "../monitoring/promql";
import { type Alert, MINUTE_MS } from "./rule";

/** A killed run reports no more, and Prometheus forgets its figures in five minutes: they are looked for this far back. */
const LAST_SEEN = "6h";

/** @returns the alerts on a migration itself. Pure. */
export function migrationAlerts(namespace: string, metrics: MigrationMetrics, { alerts }: Limits): readonly Alert[] {
  const scope = namespaceScope(namespace, "5m");
  const { inPhase } = migrationQueries(metrics, scope);
  const stable = inPhase('phase="stable"');
  const stalled = (matcher: string, isOver: string) =>
    `(${stalledStep(metrics, narrowed(scope, matcher), alerts.stalledMs)} unless on (namespace) (${inPhase(isOver)}))`;
  return [
    {
      name: "DedupMigrationStalled",
      // What brings the rings into step is not wanted any more once the ring is back in a phase before that.
      expr: [
        stalled('step="pre-copy"', 'phase=~"stable|plan"'),
        stalled('step!="pre-copy"', 'phase=~"stable|plan|copy"'),
      ].join(" or "),
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

/** Steps whose newest checkpoint is too old: a source that is done writes none any more. */
function stalledStep(metrics: MigrationMetrics, scope: Scope, stalledMs: number): string {
  const newest = (metric: string) =>
    `max by (namespace, step) (last_over_time(${select(metric, scope)}[${LAST_SEEN}]))`;
  const unfinished = `${newest(metrics.edgesDone)} < ${newest(metrics.edgesPlanned)}`;
  return `time() - ${newest(metrics.checkpoint)} > ${stalledMs / 1000} and on (namespace, step) (${unfinished})`;
}
