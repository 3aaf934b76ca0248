/** A migration that a real Prometheus watches. */
import { expect } from "chai";
import type { PrometheusServer } from "../integration/prometheus-server";
import type { Load } from "../lab/load/load";
import { allQueries, asSent, CONTENT } from "../unit/monitoring/fixtures";
import { RANGE, RANGE_MS, WatchedWorld } from "./watched-world";
import { LAB_CONFIG, type World } from "./world";

const NAMESPACE = "watched";
const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 1_000;
/** Submissions a second. */
const RATE = 30;
const LIMITS = { maxErrorRatio: 0.1, maxP95Ms: 5_000, minHitRatio: 0.1, minRequestsPerSecond: 5 };
const METRICS = { window: RANGE, interval: "1s", bake: "10s", stability: "60s", failureLimit: 2, limits: LIMITS };
/** More than is asked for after a cutover: stability, and the range of the rates. */
const STABLE_MS = 72_000;
/** In which Prometheus, which looks every second, has what there is now. */
const SCRAPED_MS = 3_000;
/** Some seconds for a few hundred movers, so that there is something to see. */
const SLOW = { keysPerSecond: 60, catchUpKeysPerSecond: 60, batchSize: 10 };
/** Debian's exporter is too old for latencies by command: `test/integration/dashboards.test.ts` has them. */
const NOT_EXPORTED = "redis_commands_latencies_usec";

describe("a migration that a real Prometheus watches", function () {
  this.timeout(600_000);
  let watched: WatchedWorld | undefined;
  let world: World;
  let load: Load;
  let prometheus: PrometheusServer;
  let metrics: object;

  before(async () => {
    watched = await WatchedWorld.create({
      ...{ namespace: NAMESPACE, shards: THREE, keys: KEYS, rate: RATE, metrics: METRICS },
      ...{ backendEnv: { BACKEND_FAILS_ON_RING: FOUR.join() }, config: { copy: SLOW } },
    });
    ({ world, load, prometheus, metrics } = watched);
  });
  after(() => watched?.destroy());

  const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
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
      // What a run shows at its very end is still to be scraped.
      await pass(SCRAPED_MS);
    })().finally(() => (migrated = true));
    migration.catch(() => undefined); // it is awaited below
    for (let last = false; !last; await pass(1_000)) {
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
      metrics: { ...metrics, limits: { ...LIMITS, maxP95Ms: 0.001 } },
    });
    const refused = await world.stack.up({ skipPreview: true });
    expect(refused.code).to.not.equal(0);
    expect(refused.output).to.match(/the service is over its limits: p95Ms is .+, above 0/);
    await world.stack.setConfig({ metrics });
    await load.pause();
    await pass(RANGE_MS);
    const held = await world.stack.up({ skipPreview: true });
    expect(held.code).to.not.equal(0);
    expect(held.output).to.match(
      /nobody can tell whether the service is well: there are \S+ requests\/s, and fewer than 5 /,
    );
    expect(await liveRing()).to.deep.equal(before);
    load.start();
    await pass(RANGE_MS);
  });

  it("takes the ring back by itself when the backend answers 5xx after the cutover, and nothing is lost", async () => {
    await world.stack.setConfig({ metrics: { ...metrics, autoRollback: true } });
    const failed = await world.stack.up({ skipPreview: true });
    expect(failed.code).to.not.equal(0);
    expect(failed.output).to.match(/bake, sample \d+ \(11 must pass\): fail, .*errorRatio is \S+ %, above 10\.00 %/);
    expect(failed.output).to.contain("metrics.autoRollback has moved the ring back: since ring epoch ");
    expect(await liveRing()).to.include({ DEDUP_DUAL_WRITE: "true", DEDUP_NEW_RING: FOUR.join(",") });
    await world.to("dualWrite", { metrics });
    expect([...load.failures.keys()].some((reason) => reason.startsWith("500 "))).to.equal(true);
  });

  it("bakes a cutover once somebody can tell that it is good, and cleans up when the service has been well for long enough", async () => {
    await world.kube.run(["set", "env", "deployment/backend", "BACKEND_FAILS_ON_RING-"]);
    await world.backend.ready();
    await pass(RANGE_MS);
    await world.stack.setConfig({ migrationPhase: "cutover" });
    const held = world.stack.startUp({ skipPreview: true });
    await held.waitForLine(/gate: service, sample \d+ .*: pass/);
    await load.pause();
    const { code, output } = await held.done;
    expect(code).to.not.equal(0);
    expect(output).to.match(/bake, sample \d+ .*: inconclusive, there are \S+ requests\/s, and fewer than 5 /);
    expect(output).to.contain("nobody can tell whether the service is well: ");
    expect(output).to.contain(`Traffic is on the target ring (${FOUR.join(", ")})`);
    load.start();
    await pass(RANGE_MS);
    await world.to("cutover");
    expect((await world.stack.outputs())["bake"]).to.include({ outcome: "pass" });
    const refusal = async (limits: object, more: object = {}) => {
      await world.stack.setConfig({ migrationPhase: "cleanup", metrics: { ...metrics, limits, ...more } });
      const { code, output } = await world.stack.up({ skipPreview: true });
      expect(code).to.not.equal(0);
      return output;
    };
    // Longer than the cutover can be ago, however slow the machine is.
    const long = { stability: "1h" };
    expect(await refusal(LIMITS, long)).to.contain("whether the service is stable can be told at ");
    await pass(STABLE_MS);
    const tooQuiet = { ...LIMITS, minRequestsPerSecond: 10 * RATE };
    expect(await refusal(tooQuiet)).to.match(
      /nobody can tell whether the service is well: at \S+ there are \S+ requests/,
    );
    expect(await refusal({ ...LIMITS, minHitRatio: 0.99 })).to.match(/hitRatio is \S+ %, below 99\.00 %/);
    await world.to("cleanup", { metrics });
    await world.to("stable", { shards: FOUR });
  });

  it("leaves the phase to be seen when it is over, and every key where it belongs", async () => {
    await load.pause();
    expect(load.ledger.findings()).to.deep.equal([]);
    await pass(2_000);
    const shown = await prometheus.query(`dedup_migration_phase{namespace="${NAMESPACE}"} == 1`);
    expect(shown.map(({ metric }) => metric["phase"])).to.deep.equal(["stable"]);
    await pass(4_000);
    await world.expectPlaced(FOUR);
  });
});
