import type { Limits } from "../monitoring/limits";
import type { MigrationMetrics } from "../monitoring/migration-metrics";
import { migrationQueries, namespaceScope } from "../monitoring/promql";
import { backendPanels } from "./backend";
import { type BuiltDashboard, type DashboardRow, dashboardOf, RATE_INTERVAL } from "./dashboard";
import { figure, graph, type PanelContent } from "./panels";

export interface MigrationDashboardArgs {
  readonly namespace: string;
  readonly metrics: MigrationMetrics;
  readonly limits: Limits;
}

/** @returns the dashboard of a migration: how far it is, whether it is right, and what the backend makes of it. */
export function migrationDashboard(args: MigrationDashboardArgs): BuiltDashboard {
  const { namespace, limits } = args;
  const { errorRatio, hitRatio, latency, dualWriteErrors, epoch } = backendPanels(namespace, limits);
  const rows = [
    standing(args),
    progress(args),
    verification(args),
    { title: "The backend meanwhile", panels: [errorRatio, hitRatio, latency, dualWriteErrors, epoch] },
  ];
  return dashboardOf({ kind: "migration", title: "Dedup migration", namespace, rows });
}

const queriesOf = ({ metrics, namespace }: MigrationDashboardArgs) =>
  migrationQueries(metrics, namespaceScope(namespace, RATE_INTERVAL));

function standing(args: MigrationDashboardArgs): DashboardRow {
  const queries = queriesOf(args);
  const one = (title: string, description: string, unit: string, expr: string, legend = "{{step}}"): PanelContent => ({
    title,
    description,
    unit,
    columns: 4,
    queries: [{ expr, legend }],
  });
  const stalled = { limit: { max: args.limits.alerts.stalledMs / 1000 } };
  return {
    title: "Where it stands",
    panels: [
      figure(one("Phase", "The phase that the ring is in.", "none", queries.phase, "{{phase}}"), { names: true }),
      figure({
        ...one("Edges", "Edges whose source has been walked to its end, of all.", "short", queries.edgesDone, "done"),
        queries: [
          { expr: queries.edgesDone, legend: "{{step}} done" },
          { expr: queries.edgesPlanned, legend: "{{step}} planned" },
        ],
      }),
      figure(one("Keys", "Movers dealt with, of those that the plan counted.", "percentunit", queries.keysRatio)),
      figure(one("Left", "At the present rate.", "s", queries.secondsLeft)),
      figure({
        ...one("Oldest checkpoint", "Red when the copy has stalled.", "s", queries.checkpointAge),
        ...stalled,
      }),
      figure({
        ...one("Failed sources", "Of the last run; the next one goes on.", "short", queries.errors),
        limit: { max: 1 },
      }),
    ],
  };
}

function progress(args: MigrationDashboardArgs): DashboardRow {
  const queries = queriesOf(args);
  return {
    title: "Progress",
    panels: [
      graph({
        title: "Keys done",
        description: "Movers dealt with, by source shard, and what the plan counted.",
        unit: "short",
        columns: 8,
        queries: [
          { expr: queries.keysDone, legend: "{{step}} {{source}}" },
          { expr: queries.keysPlanned, legend: "{{step}} planned" },
        ],
      }),
      graph({
        title: "Keys per second",
        description: "Against the throttle, which lowers itself while shards answer slowly.",
        unit: "ops",
        columns: 8,
        queries: [
          { expr: queries.keysPerSecond, legend: "{{step}}" },
          { expr: queries.throttle, legend: "{{step}} throttle" },
        ],
      }),
      graph({
        title: "Checkpoint age",
        description: "Above the line the copy has stalled. It grows by nature once a source is done.",
        unit: "s",
        columns: 8,
        queries: [{ expr: queries.checkpointAgeBySource, legend: "{{step}} {{source}}" }],
        limit: { max: args.limits.alerts.stalledMs / 1000 },
      }),
    ],
  };
}

function verification(args: MigrationDashboardArgs): DashboardRow {
  const queries = queriesOf(args);
  const found = [
    { expr: queries.verifyMissing, legend: "missing" },
    { expr: queries.verifyDifferent, legend: "different" },
    { expr: queries.verifyExtra, legend: "extra" },
  ];
  const unit = "short";
  return {
    title: "Verification",
    panels: [
      figure({
        title: "Compared",
        description: "Movers that the last verify compared.",
        unit,
        columns: 4,
        queries: [{ expr: queries.verifyChecked, legend: "checked" }],
      }),
      figure({
        title: "Found by the last verify",
        description: "All must be 0 before the ring advances.",
        unit,
        columns: 12,
        queries: found,
        limit: { max: 1 },
      }),
      figure({
        title: "Repaired",
        description: "Movers that the last verify put right.",
        unit,
        columns: 8,
        queries: [{ expr: queries.verifyRepaired, legend: "repaired" }],
      }),
    ],
  };
}
