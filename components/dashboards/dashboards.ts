import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Limits } from "../monitoring/limits";
import type { MigrationMetrics } from "../monitoring/migration-metrics";
import { backendDashboard } from "./backend";
import type { BuiltDashboard } from "./dashboard";
import { migrationDashboard } from "./migration";
import { shardHealth } from "./shard-health";

/** What the dashboards are drawn from. */
export interface DashboardContent {
  /** The namespace of the shards and the backend, which the dashboards are about and lie in. */
  readonly namespace: string;
  /** The shards that exist, in ring order. */
  readonly shards: readonly string[];
  /** The names of the migration's own metrics. */
  readonly metrics: MigrationMetrics;
  /** The limits that are drawn in. */
  readonly limits: Limits;
}

/** Dashboards for Grafana's sidecar. */
export interface DashboardsArgs extends DashboardContent {
  /** The folder of Grafana that they appear in. */
  readonly folder: string;
}

/** @returns every dashboard. Pure. */
export const buildDashboards = (content: DashboardContent): readonly BuiltDashboard[] => [
  shardHealth(content),
  migrationDashboard(content),
  backendDashboard(content),
];

/**
 * One ConfigMap per dashboard, labelled for the sidecar that brings them into Grafana:
 * https://github.com/grafana/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards
 */
export class Dashboards extends pulumi.ComponentResource {
  constructor(name: string, args: DashboardsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:monitoring:Dashboards", name, {}, opts);
    for (const dashboard of buildDashboards(args)) this.declareConfigMap(name, args, dashboard);
    this.registerOutputs({});
  }

  /**
   * The name is fixed, so that a change deletes the old ConfigMap first: two at once would name the same file, and the
   * sidecar would take the new one away with the old.
   */
  private declareConfigMap(name: string, { namespace, folder }: DashboardsArgs, { kind, model }: BuiltDashboard): void {
    new k8s.core.v1.ConfigMap(
      `${name}-${kind}`,
      {
        metadata: {
          name: `dedup-dashboard-${kind}`,
          namespace,
          labels: { grafana_dashboard: "1" },
          annotations: { grafana_folder: folder },
        },
        // Several namespaces may share a Grafana, and the sidecar puts all files of a folder side by side.
        data: { [`dedup-${namespace}-${kind}.json`]: JSON.stringify(model) },
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }
}
