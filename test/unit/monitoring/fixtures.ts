/** What the monitoring's tests are about: one namespace, three shards, the default limits. */
import { buildDashboards, type DashboardContent } from "../../../components/dashboards/dashboards";
import type { BuiltDashboard } from "../../../components/dashboards/dashboard";
import type { Limits } from "../../../components/monitoring/limits";
import { MIGRATION_METRIC_NAMES } from "../../../migration/metrics";

export const LIMITS: Limits = {
  service: { maxErrorRatio: 0.01, maxP95Ms: 200, minHitRatio: 0.35, minRequestsPerSecond: 1 },
  alerts: {
    maxMemoryRatio: 0.8,
    maxTrafficShare: 0.6,
    maxShardP95Ms: 50,
    maxCpuRatio: 0.7,
    minHitRatioAfterCutover: 0.2,
    stalledMs: 1_800_000,
    epochSkewMs: 900_000,
  },
};

export const CONTENT: DashboardContent = {
  namespace: "fractal-lba",
  shards: ["shard-0", "shard-1", "shard-2"],
  metrics: MIGRATION_METRIC_NAMES,
  limits: LIMITS,
};

/** A query, and where it stands. */
export interface PlacedQuery {
  readonly where: string;
  readonly expr: string;
}

interface PanelModel {
  readonly title?: string;
  readonly targets?: readonly { readonly expr?: string }[];
}

/** @returns every query of a dashboard. */
export function queriesOf({ kind, model }: BuiltDashboard): readonly PlacedQuery[] {
  return ((model.panels ?? []) as PanelModel[]).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr = "" }) => ({ where: `${kind}: ${title}`, expr })),
  );
}

export const allQueries = (content: DashboardContent = CONTENT): readonly PlacedQuery[] =>
  buildDashboards(content).flatMap(queriesOf);

/** @returns a query as Grafana sends it, with its variables put in. */
export const asSent = (expr: string, range = "5m"): string =>
  expr.replaceAll("$__rate_interval", range).replaceAll("$shard", "(shard-0|shard-1|shard-2)");
