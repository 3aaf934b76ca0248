/** A migration that a real Prometheus watches: it scrapes the backend, the shards' exporters and a Pushgateway. */
import { expect } from "chai";
import { startPushgateway, PrometheusServer } from "../integration/prometheus-server";
import { Load } from "../lab/load/load";
import { ensureMonitoringPackages } from "../lab/machine";
import type { Config } from "../lab/pulumi-stack";
import { allQueries, asSent, CONTENT } from "../unit/monitoring/fixtures";
import { LAB_CONFIG, World } from "./world";

const NAMESPACE = "watched";
const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 2_000;
/** Submissions a second. */
const RATE = 30;
const RANGE = "10s";
/** Until rates of that range are of what is now. */
const RANGE_MS = 12_000;
const LIMITS = { maxErrorRatio: 0.1, maxP95Ms: 5_000, minHitRatio: 0.1, minRequestsPerSecond: 5 };
const METRICS = { window: RANGE, interval: "1s", bake: "10s", stability: "10s", failureLimit: 2, limits: LIMITS };
/** Some seconds for a few hundred movers, so that there is something to see. */
const SLOW = { keysPerSecond: 60, catchUpKeysPerSecond: 60, batchSize: 10 };
/** Debian's exporter is too old for latencies by command: `test/integration/dashboards.test.ts` has them. */
const NOT_EXPORTED = "redis_commands_latencies_usec";

/** Pods of the namespace with a port of a name, labelled as the ServiceMonitors do. */
const podsWith = (portName: string, more: readonly object[] = []) => ({
  job_name: portName,
  kubernetes_sd_configs: [
    { role: "pod", kubeconfig_file: process.env["KUBECONFIG"], namespaces: { names: [NAMESPACE] } },
  ],
  relabel_configs: [
    { source_labels: ["__meta_kubernetes_pod_container_port_name"], regex: portName, action: "keep" },
    { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
    { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
    ...more,
  ],
});
const SHARD_NAME = {
  source_labels: ["__meta_kubernetes_pod_name"],
  regex: "redis-dedup-(.+)-0",
  target_label: "shard",
};

describe("a migration that a real Prometheus watches", function () {
  this.timeout(600_000);
  let world: World;
  let load: Load;
  let prometheus: PrometheusServer;
  let pushgateway: Awaited<ReturnType<typeof startPushgateway>>;
  let metrics: Config;

  before(async () => {
    await ensureMonitoringPackages();
    pushgateway = await startPushgateway();
    const pushed = { port: pushgateway.port, labels: {} };
    prometheus = await PrometheusServer.start([pushed], [podsWith("http"), podsWith("metrics", [SHARD_NAME])]);
    metrics = { ...METRICS, url: prometheus.url };
    world = await World.create({
      ...{ namespace: NAMESPACE, shards: THREE, keys: KEYS, backendEnv: { BACKEND_FAILS_ON_RING: FOUR.join() } },
      config: {
        ...{ metrics, copy: SLOW },
        monitoring: {
          exporter: { enabled: true, image: "lab.test/redis_exporter:1" },
          pushgateway: { url: `http://127.0.0.1:${pushgateway.port}` },
        },
      },
    });
    load = new Load({ url: await world.backend.serviceUrl(), rate: RATE, seed: NAMESPACE, keys: world.keys });
    load.start();
    await seconds(RANGE_MS);
  });
  after(async () => {
    await load.stop();
    await world.destroy();
    await prometheus.stop();
    await pushgateway.stop();
  });

  const seconds = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const liveRing = async () => (await world.kube.get("configmap/backend-config"))["data"] as Record<string, string>;

  it("has a baseline: what clients submit, and how it is answered", async () => {
    await world.to("plan", { targetShards: FOUR });
    const { baseline } = (await world.stack.outputs())["migrationPlan"] as { baseline: Record<string, number> };
    expect(baseline["requestsPerSecond"]).to.be.within(0.8 * RATE, 1.5 * RATE);
    expect(baseline["errorRatio"]).to.equal(0);
    expect(baseline["p95Ms"]).to.be.within(0.1, LIMITS.maxP95Ms);
    expect(baseline["hitRatio"]).to.be.within(0.2, 0.8);
  });

  it("is drawn: every query of every dashboard has had data by the time both rings are in step", async () => {
    const content = { ...CONTENT, namespace: NAMESPACE, shards: FOUR };
    const queries = new Map(allQueries(content).map(({ where, expr }) => [`${where}: ${expr}`, asSent(expr, RANGE)]));
    let migrated = false;
    const migration = (async () => {
      await world.to("copy");
      await world.to("dualWrite");
    })().finally(() => (migrated = true));
    for (let last = false; !last; await seconds(1_000)) {
      last = migrated;
      for (const [name, expr] of queries) {
        const values = (await prometheus.query(expr)).map(({ value }) => Number(value[1]));
        if (values.some(Number.isFinite)) queries.delete(name);
      }
    }
    await migration;
    expect([...queries.keys()].filter((name) => !name.includes(NOT_EXPORTED))).to.deep.equal([]);
    expect(queries.size, "latencies by command").to.be.above(0);
  });

  it("does not go on while the service is over a limit, or too quiet to tell", async () => {
    const before = await liveRing();
    await world.stack.setConfig({
      ...{ migrationPhase: "cutover", copy: LAB_CONFIG["copy"] },
      metrics: { ...(metrics as object), limits: { ...LIMITS, maxP95Ms: 0.001 } },
    });
    const refused = await world.stack.up({ skipPreview: true });
    expect(refused.code).to.not.equal(0);
    expect(refused.output).to.match(/the service is over its limits: p95Ms is .+, above 0/);
    await world.stack.setConfig({ metrics });
    await load.pause();
    await seconds(RANGE_MS);
    const held = await world.stack.up({ skipPreview: true });
    expect(held.code).to.not.equal(0);
    expect(held.output).to.match(/nobody can tell whether the service is well: there are \S+ requests\/s, and fewer than 5 /);
    expect(await liveRing()).to.deep.equal(before);
    load.start();
    await seconds(RANGE_MS);
  });

  it("takes the ring back by itself when the backend answers 5xx after the cutover, and nothing is lost", async () => {
    await world.stack.setConfig({ metrics: { ...(metrics as object), autoRollback: true } });
    const failed = await world.stack.up({ skipPreview: true });
    expect(failed.code).to.not.equal(0);
    expect(failed.output).to.match(/bake, sample \d+ \(11 must pass\): fail, .*errorRatio is \S+ %, above 10\.00 %/);
    expect(failed.output).to.contain("metrics.autoRollback has moved the ring back: since ring epoch ");
    expect(await liveRing()).to.include({ DEDUP_DUAL_WRITE: "true", DEDUP_NEW_RING: FOUR.join(",") });
    await world.to("dualWrite", { metrics });
    await world.to("stable");
    await load.pause();
    expect(load.ledger.findings()).to.deep.equal([]);
    expect([...load.failures.keys()].some((reason) => reason.startsWith("500 "))).to.equal(true);
  });

  it("leaves the phase to be seen when it is over", async () => {
    await seconds(2_000);
    const shown = await prometheus.query(`dedup_migration_phase{namespace="${NAMESPACE}"} == 1`);
    expect(shown.map(({ metric }) => metric["phase"])).to.deep.equal(["stable"]);
    await seconds(4_000);
    await world.expectPlaced(THREE);
  });
});
