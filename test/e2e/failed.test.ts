/** Ups that fail or are killed between the gate and the last pod: both ways stay open, and nothing is jumped over. */
import { checkedRing } from "../lab/backend/ring-checksum";
import { expect } from "chai";
import type { MigrationRecord } from "../../migration/engines/migration-record";
import type { Config } from "../lab/pulumi-stack";
import { LAB_CONFIG, World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
/** The first thing behind the gate: by then the state knows that it has opened. */
const PASSED = /ConfigMapPatch backend-ring updating/;
/** By the pods; or by the phase, where the kill left the state of before the gate. */
const REFUSED = /"stable" uses the current ring only, and that is too far|"cutover" → "stable" is not a legal move/;
const BACKEND = LAB_CONFIG["backend"] as object;

describe("an up that does not get to its end", function () {
  this.timeout(900_000);
  let world: World;

  before(async () => {
    world = await World.create({ namespace: "failed", shards: FOUR, keys: 400, config: { targetShards: THREE } });
  });
  after(() => world.destroy());

  it("killed in plan and copy: stable takes the copies off, though drain never heard of the migration", async () => {
    await killed("plan", /MigrationPlan plan updated/);
    await killed("copy", /pre-copy: done/);
    await world.to("stable");
    await expectClosed(FOUR);
    expect((await world.stack.preview()).output).to.match(/Resources:\s+\d+ unchanged/);
  });

  it("cutover → dualWrite whose rollout fails: no jump to a single ring, but on and back", async () => {
    for (const phase of ["plan", "copy", "dualWrite", "cutover"]) await world.to(phase);
    const ring = await liveRing();
    const pods = (await world.kube.list("pods")).length;
    await world.kube.apply({
      ...{ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "full" } },
      ...{ spec: { hard: { pods: String(pods) } } },
    });
    const { code } = await up("dualWrite", { backend: { ...BACKEND, rolloutTimeoutMs: 5_000 } });
    expect(code).to.not.equal(0);
    await world.stack.setConfig({ backend: BACKEND });
    for (const phase of ["stable", "plan", "copy"]) {
      const { output } = await up(phase);
      expect(output).to.match(
        new RegExp(
          `"${phase}" uses the current ring only, and that is too far from what there is: backend-.* reads the target`,
        ),
      );
    }
    expect(await liveRing()).to.include({ DEDUP_DUAL_WRITE: "true", DEDUP_NEW_RING: THREE.join(",") });
    await world.kube.delete("resourcequota/full");
    await world.to("cutover");
    const back = { ...ring, DEDUP_RING_EPOCH: String(Number(ring["DEDUP_RING_EPOCH"]) + 2) };
    expect(await liveRing()).to.deep.equal({
      ...back,
      DEDUP_RING_CHECKSUM: checkedRing({ ...back, DEDUP_RING_CHECKSUM: undefined }),
    });
  });

  it("cutover → dualWrite killed behind its gate: stable is refused, cutover and dualWrite are not", async () => {
    await killed("dualWrite", PASSED);
    expect((await up("stable")).output).to.match(REFUSED);
    await world.to("cutover");
    expect((await recorded()).cutover?.epoch).to.equal(await liveEpoch());
    await killed("dualWrite", /ConfigMapPatch backend-ring updated/);
    expect((await up("stable")).output).to.match(REFUSED);
    await world.to("dualWrite");
  });

  it("dualWrite → stable killed behind its gate, and before its drain: taken back, and then made", async () => {
    await killed("stable", PASSED);
    await world.to("dualWrite");
    expect((await recorded()).inStepSinceEpoch).to.equal(await liveEpoch());
    await killed("stable", /Barrier migration-barrier updated/);
    await world.to("dualWrite");
    await world.to("cutover");
    await world.to("cleanup");
    await world.expectPlaced(THREE, FOUR);
  });

  it("cleanup → cutover killed behind its gate: back to cleanup", async () => {
    await killed("cutover", PASSED);
    await world.to("cleanup");
    expect((await recorded()).drainedInEpoch).to.equal(await liveEpoch());
    await world.expectPlaced(THREE, FOUR);
  });

  it("cleanup → stable killed before the migration is closed: taken back, and then made", async () => {
    await killed("stable", /ShardSet shards updating/, { shards: THREE });
    await world.to("cleanup", { shards: FOUR });
    await world.to("stable", { shards: THREE });
    await expectClosed(THREE);
    expect((await up("cleanup", { shards: FOUR })).output).to.contain("the migration has been closed");
  });

  /** An `up` that is killed, CLI and plugins, at a line of its output. */
  async function killed(migrationPhase: string, at: RegExp, config: Config = {}): Promise<void> {
    await world.stack.setConfig({ migrationPhase, ...config });
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(at);
    await run.kill();
    await world.stack.cancel();
  }

  async function up(migrationPhase: string, config: Config = {}) {
    await world.stack.setConfig({ migrationPhase, ...config });
    return world.stack.up({ skipPreview: true });
  }

  async function liveRing(): Promise<Record<string, string>> {
    return (await world.kube.get("configmap/backend-config"))["data"] as Record<string, string>;
  }

  const liveEpoch = async () => Number((await liveRing())["DEDUP_RING_EPOCH"]);

  /** What the shards say about the migration. */
  async function recorded(): Promise<MigrationRecord> {
    const text = await (await world.keys.client("shard-0")).get("dedup-shards:migration");
    return JSON.parse(text ?? "") as MigrationRecord;
  }

  /** Every key on its owner alone, and no record of the migration. */
  async function expectClosed(shards: readonly string[]): Promise<void> {
    await world.expectPlaced(shards);
    for (const shard of shards) {
      expect(await (await world.keys.client(shard)).keys("dedup-shards:*"), shard).to.deep.equal(["dedup-shards:card"]);
    }
  }
});
