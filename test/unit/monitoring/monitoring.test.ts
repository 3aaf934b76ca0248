import { expect } from "chai";
import { Monitoring, type MonitoringArgs, MONITORING_KINDS } from "../../../components/monitoring/monitoring";
import { declaredBy, named } from "../components/recorded-program";
import { CONTENT } from "./fixtures";

const LABELS = { release: "kube-prometheus-stack" };
const ARGS: MonitoringArgs = {
  ...CONTENT,
  folder: "Dedup",
  labels: LABELS,
  runbookUrl: "docs/troubleshooting.md",
  backend: { labels: { app: "backend" }, port: "http" },
  exporter: true,
  kinds: MONITORING_KINDS,
};

const declare = (args: Partial<MonitoringArgs> = {}) => declaredBy(() => new Monitoring("m", { ...ARGS, ...args }));
const types = async (args: Partial<MonitoringArgs> = {}) =>
  (await declare(args)).map(({ type, name }) => `${name} ${type.split(":").at(-1)}`);

const DASHBOARDS = [
  "m Monitoring",
  "m-dashboards Dashboards",
  "m-dashboards-backend ConfigMap",
  "m-dashboards-migration ConfigMap",
  "m-dashboards-shards ConfigMap",
];
const ALERTS = ["m-alerts Alerts", "m-alerts-rule PrometheusRule"];
const SCRAPE = ["m-scrape ServiceMonitors", "m-scrape-backend ServiceMonitor"];
const EXPORTERS = ["m-scrape-exporters Service", "m-scrape-shards ServiceMonitor"];

describe("Monitoring", () => {
  it("declares dashboards, alerts and what is scraped", async () => {
    expect(await types()).to.have.members([...DASHBOARDS, ...ALERTS, ...SCRAPE, ...EXPORTERS]);
  });

  it("leaves out what the cluster does not know, and no more", async () => {
    expect(await types({ kinds: [] })).to.have.members(DASHBOARDS);
    expect(await types({ kinds: ["PrometheusRule"] })).to.have.members([...DASHBOARDS, ...ALERTS]);
    const all = [...DASHBOARDS, ...SCRAPE, ...EXPORTERS];
    expect(await types({ kinds: ["ServiceMonitor"] })).to.have.members(all);
  });

  it("scrapes no exporters where there are none", async () => {
    expect(await types({ exporter: false })).to.have.members([...DASHBOARDS, ...ALERTS, ...SCRAPE]);
  });

  it("scrapes the backend by the labels of its Service", async () => {
    expect(named(await declare(), "m-scrape-backend").inputs).to.deep.equal({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: { name: "dedup-backend", namespace: "fractal-lba", labels: LABELS },
      spec: { selector: { matchLabels: { app: "backend" } }, endpoints: [{ port: "http" }] },
    });
  });

  it("scrapes the Pushgateway where there is one, wherever it is, for the namespaces that it shows", async () => {
    const pushgateway = { labels: { app: "pushgateway" }, port: "metrics" };
    expect(named(await declare({ pushgateway }), "m-scrape-migration").inputs).to.deep.equal({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: { name: "dedup-migration", namespace: "fractal-lba", labels: LABELS },
      spec: {
        selector: { matchLabels: pushgateway.labels },
        namespaceSelector: { any: true },
        endpoints: [{ port: "metrics", honorLabels: true }],
      },
    });
  });

  it("scrapes each shard's exporter, ready or not, under the shard's name in the ring", async () => {
    const resources = await declare();
    expect(named(resources, "m-scrape-exporters").inputs).to.deep.equal({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "redis-dedup-metrics", namespace: "fractal-lba", labels: { app: "redis-dedup-metrics" } },
      spec: {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: { app: "redis-dedup" },
        ports: [{ name: "metrics", port: 9121, targetPort: "metrics" }],
      },
    });
    const { spec } = named(resources, "m-scrape-shards").inputs as {
      spec: { selector: unknown; endpoints: unknown[] };
    };
    expect(spec.selector).to.deep.equal({ matchLabels: { app: "redis-dedup-metrics" } });
    const relabeling = {
      sourceLabels: ["__meta_kubernetes_pod_name"],
      regex: "redis-dedup-(.+)-0",
      targetLabel: "shard",
    };
    expect(spec.endpoints).to.deep.equal([{ port: "metrics", relabelings: [relabeling] }]);
    expect(/^redis-dedup-(.+)-0$/.exec("redis-dedup-shard-0-0")?.[1]).to.equal("shard-0");
  });
});
