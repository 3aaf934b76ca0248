/** Whole migrations by real `pulumi up`s on the lab's Kubernetes, of Redis 8: 3→4, back to 3, and 3 shards replaced by 3 others. */
import { expect } from "chai";
import { checkedRing } from "../lab/backend/ring-checksum";
import { compiledProgram } from "../support/compiled-program";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const OTHERS = ["shard-a", "shard-b", "shard-c"];
const KEYS = 1_500;

/** After each phase: which of the two rings is read, which is written as well, and whose owners hold the keys. */
const PHASES = [
  { phase: "plan", primary: "current", secondary: undefined, held: ["current"] },
  { phase: "copy", primary: "current", secondary: undefined, held: ["current", "target"] },
  { phase: "dualWrite", primary: "current", secondary: "target", held: ["current", "target"] },
  { phase: "cutover", primary: "target", secondary: "current", held: ["current", "target"] },
  { phase: "cleanup", primary: "target", secondary: undefined, held: ["target"] },
] as const;

describe("whole migrations", function () {
  this.timeout(900_000);
  let world: World;

  before(async () => {
    const asAnOperatorHasIt = { program: "sources", config: { monitoring: { enabled: true } } } as const;
    const options = { namespace: "migrate", image: "lab.test/redis:8", shards: THREE, keys: KEYS } as const;
    world = await World.create({ ...options, ...asAnOperatorHasIt });
  });
  after(() => world.destroy());

  it("3 → 4: every phase is in force, a second up changes nothing, and every key ends up at its owner", async () => {
    await migrate(THREE, FOUR, { noOps: true });
    for (const shard of FOUR) {
      expect(await (await world.keys.client(shard)).info("server"), shard).to.match(/^redis_version:8\./m);
    }
    world.stack.runFrom(await compiledProgram());
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
    for (const { phase, primary, secondary, held } of PHASES) {
      await world.to(phase, { targetShards: target });
      await expectRing(rings[primary], secondary && rings[secondary]);
      await expectHeld(
        held.map((ring) => rings[ring]),
        all,
      );
      if (noOps) await expectNoChange(all);
    }
    const { epoch } = await world.stack.outputs();
    await world.stack.setConfig({ migrationPhase: "stable", shards: target });
    const { output } = await world.stack.preview({ diff: true });
    // A warning may name keys that others own as well.
    expect(output).to.not.match(/ConfigMapPatch|DeploymentPatch|[~+-] *DEDUP_/);
    await world.stack.mustUp({ skipPreview: true });
    expect((await world.stack.outputs())["epoch"]).to.equal(epoch);
    await expectRing(target, undefined);
    if (noOps) await expectNoChange(target);
    await world.expectPlaced(target);
    await expectNoRecords(target);
  }

  async function expectRing(primary: readonly string[], secondary: readonly string[] | undefined): Promise<void> {
    const { data } = (await world.kube.get("configmap/backend-config")) as unknown as { data: Record<string, string> };
    const { epoch } = await world.stack.outputs();
    const ring = {
      DEDUP_SHARDS: primary.map((name) => `redis://redis-dedup-${name}-0.redis-dedup.migrate.svc:6379`).join(","),
      DEDUP_DUAL_WRITE: String(secondary !== undefined),
      DEDUP_NEW_RING: (secondary ?? []).join(","),
      DEDUP_RING_EPOCH: String(epoch),
    };
    expect(data).to.deep.equal({ ...ring, DEDUP_RING_CHECKSUM: checkedRing(ring), LOG_LEVEL: "info" });
    const pods = await world.kube.list("pods", "app=backend");
    const annotated = pods.map(({ metadata }) => metadata.annotations?.["dedup-shards/ring-epoch"]);
    expect(new Set(annotated)).to.deep.equal(new Set([String(epoch)]));
    for (const url of (await world.backend.podUrls()).values()) {
      expect(await (await fetch(`${url}/healthz`)).json(), url).to.deep.equal({ epoch });
    }
  }

  /** Every key, with value and expiry, is on its owner in each of some rings, and on no other shard. */
  async function expectHeld(rings: readonly (readonly string[])[], all: readonly string[]): Promise<void> {
    if (rings.length === 1) return world.expectPlaced(rings[0] ?? [], all);
    const seen = await Promise.all(rings.map((ring) => world.keys.placement(ring, all)));
    for (const { missing, different } of seen) expect([...missing, ...different]).to.deep.equal([]);
    const elsewhere = seen.map((placement) => new Set(placement.elsewhere));
    // A copy that one ring does not account for is the other ring's.
    const nobodys = [...(elsewhere[0] ?? [])].filter((copy) => elsewhere.every((copies) => copies.has(copy)));
    expect(nobodys).to.deep.equal([]);
  }

  /** A second `up` leaves every resource and every shard as it is. */
  async function expectNoChange(shards: readonly string[]): Promise<void> {
    const before = await keysByShard(shards);
    const { output } = await world.stack.mustUp({ skipPreview: true });
    expect(output).to.match(/Resources:\s+\d+ unchanged\s/);
    expect(await keysByShard(shards)).to.deep.equal(before);
  }

  function keysByShard(shards: readonly string[]): Promise<string[][]> {
    return Promise.all(shards.map(async (shard) => (await (await world.keys.client(shard)).keys("*")).sort()));
  }

  async function expectNoRecords(shards: readonly string[]): Promise<void> {
    for (const shard of shards)
      expect(await (await world.keys.client(shard)).keys("dedup-shards:*")).to.deep.equal(["dedup-shards:card"]);
  }
});
