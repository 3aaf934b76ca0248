import * as pulumi from "@pulumi/pulumi";
import { Alerts } from "../alerts/alerts";
import { type DashboardContent, Dashboards } from "../dashboards/dashboards";
import { type ScrapedService, ServiceMonitors } from "./service-monitors";

/** The API of the Prometheus operator, and what this program declares of it. */
export const MONITORING_API = { group: "monitoring.coreos.com", version: "v1" };
export const MONITORING_KINDS = ["PrometheusRule", "ServiceMonitor"] as const;
export type MonitoringKind = (typeof MONITORING_KINDS)[number];

/** What people look at, and what calls them. */
export interface MonitoringArgs extends DashboardContent {
  /** The folder of the dashboards in Grafana. */
  readonly folder: string;
  /** Labels that the operator's Prometheus selects rules and monitors by. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where docs/troubleshooting.md is read. */
  readonly runbookUrl: string;
  readonly backend: ScrapedService;
  /** That of the Pushgateway, where the migration's own metrics are; absent: there is none. */
  readonly pushgateway?: ScrapedService;
  /** Whether the shards have an exporter beside them. */
  readonly exporter: boolean;
  /** What of the Prometheus operator's kinds the cluster has: the others are left out. */
  readonly kinds: readonly MonitoringKind[];
}

/** Dashboards, alerts and ServiceMonitors. */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:monitoring:Monitoring", name, {}, opts);
    new Dashboards(`${name}-dashboards`, args, { parent: this });
    if (args.kinds.includes("PrometheusRule")) new Alerts(`${name}-alerts`, args, { parent: this });
    if (args.kinds.includes("ServiceMonitor")) new ServiceMonitors(`${name}-scrape`, args, { parent: this });
    this.registerOutputs({});
  }
}
