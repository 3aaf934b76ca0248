/** Monitoring on a cluster with and without the kinds of the Prometheus operator, and without a cluster. */
import { expect } from "chai";
import { PaperGrafana } from "../integration/paper-grafana";
import type { KubeObject } from "../lab/kube";
import { World } from "./world";

/** The operator's own schemas are long, and would check nothing that this is about. */
function crd(kind: string): KubeObject {
  const singular = kind.toLowerCase();
  const names = { kind, listKind: `${kind}List`, plural: `${singular}s`, singular };
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${names.plural}.monitoring.coreos.com` },
    spec: {
      group: "monitoring.coreos.com",
      scope: "Namespaced",
      names,
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}

const CRDS = [crd("PrometheusRule"), crd("ServiceMonitor")];
const DASHBOARDS = ["backend", "migration", "shards"].map((kind) => `dedup-dashboard-${kind}`);

describe("monitoring", function () {
  this.timeout(300_000);
  let world: World;

  before(async () => {
    const monitoring = { labels: { release: "prometheus" } };
    world = await World.create({ namespace: "watch", shards: ["shard-0"], keys: 10, config: { monitoring } });
  });
  after(async () => {
    await world.destroy();
    for (const { metadata } of CRDS) await world.kube.delete(`crd/${metadata.name}`);
  });

  it("leaves alerts and monitors out where the cluster does not know them, and says so", async () => {
    const { output, code } = await world.stack.preview();
    expect(output).to.include("the cluster has no PrometheusRule and no ServiceMonitor (monitoring.coreos.com/v1)");
    expect(code).to.equal(0);
    expect((await world.stack.outputs())["monitoring"]).to.equal("dashboards");
    const found = (await world.kube.list("configmaps", "grafana_dashboard=1")).map(({ metadata }) => metadata.name);
    expect(found.sort()).to.deep.equal(DASHBOARDS);
  });

  it("goes on without a cluster, as a preview without monitoring does", async () => {
    const env = { KUBECONFIG: "/nowhere" };
    await world.stack.setConfig({ monitoring: { enabled: false } });
    const without = await world.stack.preview({ env });
    await world.stack.setConfig({ monitoring: { labels: { release: "prometheus" } } });
    const { output, code } = await world.stack.preview({ env });
    expect(code, output).to.equal(without.code);
    expect(output).to.match(/monitoring: .*It is taken to have PrometheusRule and ServiceMonitor/);
  });

  it("declares them once the cluster does, and takes them back when it no longer does", async () => {
    await world.kube.apply(...CRDS);
    for (const { metadata } of CRDS) await world.kube.wait(`crd/${metadata.name}`, "condition=Established");
    await world.stack.mustUp({ skipPreview: true });
    expect((await world.stack.outputs())["monitoring"]).to.equal("dashboards, PrometheusRule, ServiceMonitor");
    const rule = await world.kube.get("prometheusrule/dedup-shards");
    expect(rule.metadata).to.have.property("labels").that.includes({ release: "prometheus" });
    expect((rule["spec"] as { groups: unknown[] }).groups).to.have.lengthOf(3);
    expect(await world.kube.find("servicemonitor/dedup-backend")).not.to.equal(undefined);
    expect((await world.stack.preview()).output).to.not.match(
      /monitoring\.coreos\.com.*(create|update|delete|replace)/,
    );
    for (const { metadata } of CRDS) await world.kube.delete(`crd/${metadata.name}`);
    await world.stack.mustUp();
    expect((await world.stack.outputs())["monitoring"]).to.equal("dashboards");
  });

  it("pushes the dashboards to Grafana, marks a change of the phase, and keeps the token out of the state", async () => {
    const token = "glsa_geheim";
    const grafana = await PaperGrafana.start(token);
    try {
      await world.stack.setConfig({ grafana: { url: grafana.url }, grafanaToken: { secret: token } });
      await world.stack.mustUp({ skipPreview: true });
      expect(grafana.calls).to.deep.equal([
        ...["GET /api/folders?limit=1000", "POST /api/folders"],
        ...DASHBOARDS.map(() => "POST /api/dashboards/db"),
      ]);
      grafana.forget();
      await world.stack.setConfig({ migrationPhase: "plan", targetShards: ["shard-0", "shard-1"] });
      await world.stack.mustUp({ skipPreview: true });
      const marks = grafana.asked.filter(({ what }) => what === "POST /api/annotations").map(({ body }) => body);
      expect(marks).to.have.length(1);
      expect(marks[0]).to.include({ text: "watch: stable → plan" });
      expect(JSON.stringify(await world.stack.exportState())).to.not.contain(token);
      expect((await world.stack.outputs())["monitoring"]).to.equal(`dashboards, pushed to ${grafana.url}`);
      await world.stack.setConfig({ migrationPhase: "stable", targetShards: [] });
      await world.stack.mustUp({ skipPreview: true });
    } finally {
      grafana.stop();
    }
  });
});
