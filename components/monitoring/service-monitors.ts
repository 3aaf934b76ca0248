import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { SHARDS_APP } from "../shard-identity";
import { EXPORTER_PORT } from "../shard-exporter";

/** Label and name of the Service that Prometheus finds the exporters by. */
export const METRICS_APP = `${SHARDS_APP}-metrics`;

/** A Service, by its labels, and the name of its port with `/metrics`. */
export interface ScrapedService {
  readonly labels: Readonly<Record<string, string>>;
  readonly port: string;
}

/** What Prometheus scrapes. */
export interface ServiceMonitorsArgs {
  readonly namespace: string;
  /** Labels that the operator's Prometheus selects monitors by. */
  readonly labels: Readonly<Record<string, string>>;
  readonly backend: ScrapedService;
  /** That of the Pushgateway, where the migration's own metrics are; absent: there is none. */
  readonly pushgateway?: ScrapedService;
  /** Whether the shards have an exporter beside them. */
  readonly exporter: boolean;
}

/** ServiceMonitors of the backend, of the shards' exporters and of the Pushgateway. The Prometheus operator's CRD must exist. */
export class ServiceMonitors extends pulumi.ComponentResource {
  constructor(name: string, args: ServiceMonitorsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:monitoring:ServiceMonitors", name, {}, opts);
    this.declareMonitor(`${name}-backend`, args, "dedup-backend", args.backend.labels, { port: args.backend.port });
    if (args.exporter) this.declareExporters(name, args);
    if (args.pushgateway) this.declarePushgateway(name, args, args.pushgateway);
    this.registerOutputs({});
  }

  private declareExporters(name: string, args: ServiceMonitorsArgs): void {
    new k8s.core.v1.Service(
      `${name}-exporters`,
      {
        metadata: { name: METRICS_APP, namespace: args.namespace, labels: { app: METRICS_APP } },
        spec: {
          clusterIP: "None",
          // A shard that is not ready is the one to look at.
          publishNotReadyAddresses: true,
          selector: { app: SHARDS_APP },
          ports: [{ name: "metrics", port: EXPORTER_PORT, targetPort: "metrics" }],
        },
      },
      { parent: this },
    );
    // The dashboards know shards by their names in the ring, which the pods' names hold.
    const shardName = {
      sourceLabels: ["__meta_kubernetes_pod_name"],
      regex: `${SHARDS_APP}-(.+)-0`,
      targetLabel: "shard",
    };
    const endpoint = { port: "metrics", relabelings: [shardName] };
    this.declareMonitor(`${name}-shards`, args, "dedup-shards", { app: METRICS_APP }, endpoint);
  }

  private declarePushgateway(name: string, args: ServiceMonitorsArgs, { labels, port }: ScrapedService): void {
    // What is pushed is of the namespace that it says, not of the Pushgateway's.
    const endpoint = { port, honorLabels: true };
    const anywhere = { namespaceSelector: { any: true } };
    this.declareMonitor(`${name}-migration`, args, "dedup-migration", labels, endpoint, anywhere);
  }

  private declareMonitor(
    name: string,
    { namespace, labels }: ServiceMonitorsArgs,
    objectName: string,
    matchLabels: Readonly<Record<string, string>>,
    endpoint: object,
    where: object = {},
  ): void {
    new k8s.apiextensions.CustomResource(
      name,
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "ServiceMonitor",
        metadata: { name: objectName, namespace, labels },
        spec: { selector: { matchLabels }, ...where, endpoints: [endpoint] },
      },
      { parent: this },
    );
  }
}
