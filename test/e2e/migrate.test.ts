/** Whole migrations by real `pulumi up`s on the lab's Kubernetes: 3→4, back to 3, and 3 shards replaced by 3 others. */
import { expect } from "chai";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const OTHERS = ["shard-a", "shard-b", "shard-c"];
const KEYS = 1_500;

/** The ring in force after each phase: which of the two rings is read, and which is written as well. */
const PHASES = [
  { phase: "plan", primary: "current", secondary: undefined },
  { phase: "copy", primary: "current", secondary: undefined },
  { phase: "dualWrite", primary: "current", secondary: "target" },
  { phase: "cutover", primary: "target", secondary: "current" },
  { phase: "cleanup", primary: "target", secondary: undefined },
] as const;

describe("whole migrations", function () {
  this.timeout(900_000);
  let world: World;

  before(async () => {
    world = await World.create({ namespace: "migrate", shards: THREE, keys: KEYS });
  });
  after(() => world.destroy());

  it("3 → 4: every phase is in force, a second up changes nothing, and every key ends up at its owner", async () => {
    await migrate(THREE, FOUR, { noOps: true });
  });

  it("4 → 3: the retired shard is drained, and only then removed", async () => {
    await migrate(FOUR, THREE);
    expect(await world.kube.find("statefulset/redis-dedup-shard-3")).to.equal(undefined);
  });

  it("3 → 3 others: a replacement moves every key", async () => {
    await migrate(THREE, OTHERS);
    for (const shard of THREE) expect(await world.kube.find(`statefulset/redis-dedup-${shard}`)).to.equal(undefined);
  });

  async function migrate(current: readonly string[], target: readonly string[], { noOps = false } = {}) {
    const rings = { current, target };
    const all = [...new Set([...current, ...target])];
    for (const { phase, primary, secondary } of PHASES) {
      await world.to(phase, { targetShards: target });
      await expectRing(rings[primary], secondary && rings[secondary]);
      if (noOps) await expectNoChange();
    }
    await world.expectPlaced(target, all);
    const { epoch } = await world.stack.outputs();
    await world.stack.setConfig({ migrationPhase: "stable", shards: target });
    const { output } = await world.stack.preview({ diff: true });
    expect(output).to.not.match(/ConfigMapPatch|DeploymentPatch|DEDUP_/);
    await world.stack.mustUp({ skipPreview: true });
    expect((await world.stack.outputs())["epoch"]).to.equal(epoch);
    await expectRing(target, undefined);
    if (noOps) await expectNoChange();
    await world.expectPlaced(target);
    await expectNoRecords(target);
  }

  async function expectRing(primary: readonly string[], secondary: readonly string[] | undefined): Promise<void> {
    const { data } = (await world.kube.get("configmap/backend-config")) as unknown as { data: Record<string, string> };
    const { epoch } = await world.stack.outputs();
    expect(data).to.deep.equal({
      DEDUP_SHARDS: primary.map((name) => `redis://redis-dedup-${name}-0.redis-dedup.migrate.svc:6379`).join(","),
      DEDUP_DUAL_WRITE: String(secondary !== undefined),
      DEDUP_NEW_RING: (secondary ?? []).join(","),
      DEDUP_RING_EPOCH: String(epoch),
      LOG_LEVEL: "info",
    });
    const pods = await world.kube.list("pods", "app=backend");
    const epochs = pods.map(({ metadata }) => metadata.annotations?.["dedup-shards/ring-epoch"]);
    expect(new Set(epochs)).to.deep.equal(new Set([String(epoch)]));
  }

  async function expectNoChange(): Promise<void> {
    const { output } = await world.stack.mustUp({ skipPreview: true });
    expect(output).to.match(/Resources:\s+\d+ unchanged/);
  }

  async function expectNoRecords(shards: readonly string[]): Promise<void> {
    for (const shard of shards) expect(await (await world.keys.client(shard)).keys("dedup-shards:*")).to.deep.equal([]);
  }
});
