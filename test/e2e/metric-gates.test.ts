/** Moves of a real stack, gated on the metrics of a service of paper. */
import { expect } from "chai";
import { PaperPrometheus, type Figures } from "../integration/paper-prometheus";
import type { Config } from "../lab/pulumi-stack";
import { shardUrl } from "../lab/reference-backend";
import { expectNowhere } from "./secrets";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const TOKEN = "geheimes-wort";
const GOOD: Figures = { r: 100, e: 0, p: 20, h: 0.5 };
const BAD: Figures = { ...GOOD, e: 0.5 };
const QUERIES = { requestsPerSecond: "r", errorRatio: "e", p95Ms: "p", hitRatio: "h" };
/** Waits that fit a test. */
const METRICS = { queries: QUERIES, window: "10s", interval: "1s", bake: "10s", stability: "10s", failureLimit: 0 };
const UNTIL_STABLE_MS = 21_000;

describe("metric gates, on a real stack", function () {
  this.timeout(600_000);
  let world: World;
  let prometheus: PaperPrometheus;

  before(async () => {
    prometheus = await PaperPrometheus.start(TOKEN, () => GOOD);
    world = await World.create({ namespace: "gated", shards: THREE, keys: 300, config: { targetShards: FOUR } });
  });
  after(async () => {
    await world.destroy();
    prometheus.stop();
  });

  const liveRing = async () => (await world.kube.get("configmap/backend-config"))["data"] as Record<string, string>;
  const ringOf = (names: readonly string[]) => names.map((name) => shardUrl(name, "gated")).join(",");
  async function up(migrationPhase: string, onLine?: (line: string) => void) {
    await world.stack.setConfig({ migrationPhase });
    return world.stack.up({ skipPreview: true, ...(onLine ? { onLine } : {}) });
  }

  it("are off without a url, and every preview and output says so", async () => {
    const off = "off (metrics.url is not set)";
    expect((await world.stack.preview()).output).to.contain(`metrics: the gates on the service's metrics are ${off}`);
    expect(await world.stack.outputs()).to.include({ metricGates: off, bake: off });
  });

  it("know the baseline, and keep the token to themselves", async () => {
    const config: Config = { metrics: { ...METRICS, url: prometheus.url }, metricsToken: { secret: TOKEN } };
    const { output } = await world.to("plan", config);
    const { migrationPlan, metricGates } = await world.stack.outputs();
    expect((migrationPlan as { baseline: object }).baseline).to.deep.equal({
      requestsPerSecond: 100,
      errorRatio: 0,
      p95Ms: 20,
      hitRatio: 0.5,
    });
    expect(metricGates).to.equal(prometheus.url);
    const state = JSON.stringify(await world.stack.exportState());
    expectNowhere(TOKEN, { output, state, outputs: JSON.stringify(await world.stack.outputs()) });
    await world.to("copy");
    await world.to("dualWrite");
  });

  it("do not let a cutover through while the service is not well, or nobody can tell", async () => {
    const before = await liveRing();
    prometheus.figures = () => BAD;
    const refused = await up("cutover");
    expect(refused.code).to.not.equal(0);
    expect(refused.output).to.contain("the service is over its limits: errorRatio is 50.00 %, above 1.00 %");
    prometheus.figures = () => ({});
    const held = await up("cutover");
    expect(held.code).to.not.equal(0);
    expect(held.output).to.contain(
      "nobody can tell whether the service is well: requestsPerSecond is not known: asked",
    );
    expect(await liveRing()).to.deep.equal(before);
  });

  it("fail the up when the bake does, with the traffic on the target ring, and the way back open", async () => {
    prometheus.figures = () => GOOD;
    const failed = await up("cutover", (line) => {
      if (line.includes("bake, sample 1 ")) prometheus.figures = () => BAD;
    });
    expect(failed.code).to.not.equal(0);
    expect(failed.output).to.contain(`Traffic is on the target ring (${FOUR.join(", ")}).`);
    expect(await liveRing()).to.include({ DEDUP_NEW_RING: THREE.join(",") });
    await world.to("dualWrite");
    expect(await liveRing()).to.include({ DEDUP_NEW_RING: FOUR.join(",") });
  });

  it("move the ring back themselves with autoRollback, and the stack follows", async () => {
    const metrics = { ...METRICS, url: prometheus.url };
    await world.stack.setConfig({ metrics: { ...metrics, autoRollback: true } });
    prometheus.figures = () => GOOD;
    const failed = await up("cutover", (line) => {
      if (line.includes("bake, sample 1 ")) prometheus.figures = () => BAD;
    });
    expect(failed.code).to.not.equal(0);
    expect(failed.output).to.contain("metrics.autoRollback has moved the ring back: since ring epoch ");
    const back = await liveRing();
    expect(back).to.include({ DEDUP_NEW_RING: FOUR.join(","), DEDUP_SHARDS: ringOf(THREE), LOG_LEVEL: "info" });
    await world.stack.setConfig({ metrics: { ...metrics, limits: { maxP95Ms: 300 } } });
    const again = await up("cutover");
    expect(again.code).to.not.equal(0);
    expect(again.output).to.contain("If metrics.autoRollback did that, set migrationPhase to");
    expect(await liveRing()).to.deep.equal(back);
    await world.to("dualWrite", { metrics });
    expect(await liveRing()).to.deep.equal(back);
    expect((await world.stack.preview()).output).to.match(/Resources:\s+\d+ unchanged/);
  });

  it("bake again when nobody could tell, or the up was killed in the middle of it, and not when it has passed", async () => {
    prometheus.figures = () => GOOD;
    const held = await up("cutover", (line) => {
      if (line.includes("bake, sample 1 ")) prometheus.figures = () => ({});
    });
    expect(held.code).to.not.equal(0);
    expect(held.output).to.contain(
      "nobody can tell whether the service is well: requestsPerSecond is not known: asked",
    );
    prometheus.figures = () => GOOD;
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(/bake, sample 2 /);
    await run.kill();
    await world.stack.cancel();
    expect(await liveRing()).to.include({ DEDUP_NEW_RING: THREE.join(",") });
    await world.to("cutover");
    expect((await world.stack.outputs())["bake"]).to.include({ outcome: "pass", samples: 11 });
    expect((await world.stack.preview()).output).to.match(/Resources:\s+\d+ unchanged/);
  });

  it("ask for a stable time before the cleanup, and for nothing on the way back", async () => {
    await new Promise((resolve) => setTimeout(resolve, UNTIL_STABLE_MS));
    await world.to("cleanup");
    prometheus.figures = () => BAD;
    await world.to("cutover");
    await world.to("dualWrite");
    await world.to("stable");
    await world.expectPlaced(THREE);
  });
});
