import { expect } from "chai";
import { Metrics } from "../lab/backend/metrics";
import { ensureMonitoringPackages } from "../lab/machine";
import { allQueries, asSent, CONTENT } from "../unit/monitoring/fixtures";
import { Pushgateway } from "../../migration/adapters/pushgateway";
import { ProgressGauges } from "../../migration/engines/progress-gauges";
import * as phaseMetric from "../../migration/entrypoints/phase-metric";
import { FakeClock } from "../unit/engines/fakes";
import { latencyHistograms, MetricsEndpoint } from "./metrics-endpoint";
import { PrometheusServer, startExporter, startPushgateway, type Target } from "./prometheus-server";
import { RedisServer } from "./redis-servers";

const INSTALL_TIMEOUT_MS = 300_000;
const DATA_WITHIN_MS = 40_000;
const SHARDS = ["shard-0", "shard-1"];
const PASSWORD = 'geheim "und" lang';
const RANGE = "10s";

describe("the dashboards' queries, asked of a real Prometheus", function () {
  this.timeout(120_000);
  const running: { stop(): Promise<void> }[] = [];
  const redis: RedisServer[] = [];
  const backend = new Metrics(7, "0123456789abcdef");
  let prometheus: PrometheusServer;
  let load: NodeJS.Timeout;
  let pushing: NodeJS.Timeout;

  const keep = <T extends { stop(): Promise<void> }>(service: T): T => {
    running.push(service);
    return service;
  };

  before(async function () {
    this.timeout(INSTALL_TIMEOUT_MS);
    await ensureMonitoringPackages();
    const targets: Target[] = [];
    for (const shard of SHARDS) targets.push(...(await shardTargets(shard)));
    const { namespace } = CONTENT;
    const pods = keep(await MetricsEndpoint.start(() => backend.text()));
    targets.push({ port: pods.port, labels: { namespace, pod: "backend-1" } });
    const pushgateway = keep(await startPushgateway());
    targets.push({ port: pushgateway.port, labels: { namespace: "monitoring" } });
    await showMigration(`http://127.0.0.1:${pushgateway.port}`);
    load = setInterval(() => void traffic(), 50);
    prometheus = keep(await PrometheusServer.start(targets));
  });

  after(async () => {
    clearInterval(load);
    clearInterval(pushing);
    for (const service of running.reverse()) await service.stop();
  });

  async function shardTargets(shard: string): Promise<Target[]> {
    const server = keep(await RedisServer.start({ password: PASSWORD, settings: ["--maxmemory", "64mb"] }));
    redis.push(server);
    const labels = { namespace: CONTENT.namespace, shard, pod: `redis-dedup-${shard}-0` };
    const exporter = keep(await startExporter(server.port, PASSWORD));
    const histograms = keep(await MetricsEndpoint.start(() => latencyHistograms(server.client)));
    return [exporter, histograms].map(({ port }) => ({ port, labels }));
  }

  /** What a catch-up in the middle of its work shows, and what a verify found. */
  async function showMigration(url: string): Promise<void> {
    const { namespace } = CONTENT;
    const clock = new FakeClock(Date.now());
    const gauges = new ProgressGauges(clock);
    const edges = { "shard-0": 2, "shard-1": 1 };
    gauges.note({ job: "catch-up", kind: "begun", sources: SHARDS, edges, movers: 2_000, checkpoints: true });
    clock.pass(1_000);
    for (const source of SHARDS) {
      gauges.note({ job: "catch-up", kind: "keys", source, keys: 400, allowed: 1_000 });
      gauges.note({ job: "catch-up", kind: "checkpoint", source });
    }
    gauges.note({ job: "catch-up", kind: "done", source: "shard-1" });
    const counts = { checked: 2_000, missing: 3, different: 2, extra: 1, repaired: 6 };
    gauges.note({ job: "verify", kind: "verified", counts });
    const gateway = new Pushgateway(url, namespace);
    const values = [...gauges.changed()];
    const push = () => Promise.all(values.map(([step, each]) => gateway.push(each, step)));
    await push();
    // The figures are those of the step that was pushed last.
    const [[step, each] = ["", []]] = values;
    pushing = setInterval(() => void gateway.push(each, step), 1_000);
    await phaseMetric.update({}, { url, namespace, phase: "dualWrite" });
  }

  /** Four submissions, one of them a duplicate and one an error, and what they make the shards do. */
  async function traffic(): Promise<void> {
    for (const status of [200, 200, 200, 503]) backend.countIngest(status, 0.004);
    backend.countDedupHit();
    backend.countDualWriteError();
    for (const { client } of redis) {
      await client.set(`pcs:${Math.random()}`, "x", "PX", 60_000, "NX");
      await client.get("pcs:nobody").then(() => client.mget("pcs:nobody"));
      await client.set("pcs:known", "x", "PX", 60_000).then(() => client.get("pcs:known"));
    }
  }

  /** Asks until there is an answer with a number in it: rates need two scrapes. */
  async function ask(expr: string): Promise<readonly number[]> {
    const deadline = Date.now() + DATA_WITHIN_MS;
    for (;;) {
      const values = (await prometheus.query(asSent(expr, RANGE))).map(({ value }) => Number(value[1]));
      if (values.some(Number.isFinite) || Date.now() > deadline) return values;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  for (const { where, expr } of allQueries({ ...CONTENT, shards: SHARDS })) {
    it(`${where}: ${expr.length > 60 ? `${expr.slice(0, 60)}…` : expr}`, async () => {
      expect(await ask(expr), asSent(expr, RANGE))
        .to.have.lengthOf.at.least(1)
        .and.satisfy((values: readonly number[]) => values.every((value) => Number.isFinite(value) && value >= 0));
    });
  }

  it("the figures are what they say", async () => {
    const queries = new Map(allQueries().map(({ where, expr }) => [where, expr]));
    const figure = async (where: string) => (await ask(queries.get(where) ?? "")).map((n) => Math.round(n * 100) / 100);
    expect(await figure("backend: Request errors")).to.deep.equal([0.25]);
    expect(await figure("backend: Dedup hit ratio")).to.deep.equal([0.25]);
    expect(await figure("backend: Ring epoch by pod")).to.deep.equal([7]);
    expect(await figure("shards: Memory used of maxmemory")).to.have.lengthOf(SHARDS.length);
    expect(await figure("shards: Share of the traffic")).to.satisfy((shares: number[]) =>
      shares.every((share) => Math.abs(share - 0.5) < 0.1),
    );
    expect(await figure("migration: Keys")).to.deep.equal([0.4]);
    expect(await figure("migration: Left")).to.deep.equal([1.5]);
    expect(await figure("migration: Edges")).to.deep.equal([3]);
    expect(await figure("migration: Repaired")).to.deep.equal([6]);
    const [phase] = await prometheus.query(queries.get("migration: Phase") ?? "");
    expect(phase?.metric["phase"]).to.equal("dualWrite");
  });
});
