import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Limits } from "../monitoring/limits";
import type { MigrationMetrics } from "../monitoring/migration-metrics";
import { backendAlerts } from "./backend-alerts";
import { migrationAlerts } from "./migration-alerts";
import { groupOf, type RuleGroup } from "./rule";
import { shardAlerts } from "./shard-alerts";

/** What the alerts are made from. */
export interface AlertContent {
  /** The namespace of the shards and the backend, which the alerts are about and lie in. */
  readonly namespace: string;
  /** The names of the migration's own metrics. */
  readonly metrics: MigrationMetrics;
  readonly limits: Limits;
  /** Where docs/troubleshooting.md is read. */
  readonly runbookUrl: string;
}

/** The alerts as an object of the Prometheus operator, whose CRD must exist. */
export interface AlertsArgs extends AlertContent {
  /** Labels that the operator's Prometheus selects rules by. */
  readonly labels: Readonly<Record<string, string>>;
}

/** @returns every alert, in the shape of a Prometheus rule file. Pure. */
export function alertGroups({ namespace, metrics, limits, runbookUrl }: AlertContent): readonly RuleGroup[] {
  return [
    groupOf("shards", shardAlerts(namespace, limits), runbookUrl),
    groupOf("backend", backendAlerts(namespace, metrics, limits), runbookUrl),
    groupOf("migration", migrationAlerts(namespace, metrics, limits), runbookUrl),
  ];
}

/** The alerts of one namespace. */
export class Alerts extends pulumi.ComponentResource {
  constructor(name: string, args: AlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:monitoring:Alerts", name, {}, opts);
    new k8s.apiextensions.CustomResource(
      `${name}-rule`,
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata: { name: "dedup-shards", namespace: args.namespace, labels: args.labels },
        spec: { groups: alertGroups(args) },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
