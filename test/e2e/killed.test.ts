/** Runs that die half-way, and runs that meet. */
import { expect } from "chai";
import { PulumiStack } from "../lab/pulumi-stack";
import { LAB_CONFIG, World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const SLOW = { keysPerSecond: 40, catchUpKeysPerSecond: 40 };
const FAST = LAB_CONFIG["copy"] as object;

describe("killed and concurrent runs", function () {
  this.timeout(900_000);
  let world: World;

  before(async () => {
    world = await World.create({ namespace: "killed", shards: THREE, keys: 3_000 });
    await world.to("plan", { targetShards: FOUR });
  });
  after(() => world.destroy());

  it("a copy killed half-way goes on from its checkpoint; meanwhile a second stack is kept out by the lock", async () => {
    await world.stack.setConfig({ migrationPhase: "copy", copy: SLOW });
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(/pre-copy: \d+ of about/);
    await expectLockedOut();
    await run.kill();
    await world.stack.cancel();
    const { output } = await world.to("copy", { copy: FAST });
    expect(output).to.match(/pre-copy: shard-\d goes on from its checkpoint \([1-9]\d* keys done\)/);
    await world.expectPlaced(THREE);
  });

  it("a source restarted under a copy: its scan starts over, nothing is lost", async () => {
    await world.to("plan");
    await world.to("stable", { targetShards: THREE });
    await world.to("plan", { targetShards: FOUR });
    await world.stack.setConfig({ migrationPhase: "copy", copy: SLOW });
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(/pre-copy: \d+ of about/);
    await world.kube.delete("pod/redis-dedup-shard-1-0");
    await run.waitForLine(/shard-1 was restarted: its scan starts over/);
    expect((await run.done).code).to.equal(0);
    world.keys.close();
    await world.expectPlaced(THREE);
  });

  it("a catch-up killed half-way goes on from its checkpoint", async () => {
    await forgetCopies();
    await world.stack.setConfig({ migrationPhase: "dualWrite", copy: SLOW });
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(/catch-up: \d+ of about/);
    await run.kill();
    await world.stack.cancel();
    const { output } = await world.to("dualWrite", { copy: FAST });
    expect(output).to.match(/catch-up: shard-\d goes on from its checkpoint/);
    expect((await world.stack.outputs())["verification"]).to.include({ missing: 0, different: 0, extra: 0 });
  });

  it("a cleanup killed half-way goes on from its checkpoint, and every key ends up at its owner", async () => {
    await world.to("cutover");
    await world.stack.setConfig({ migrationPhase: "cleanup", cleanup: { ttlWindow: "0s", keysPerSecond: 40 } });
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(/cleanup: \d+ of about/);
    await run.kill();
    await world.stack.cancel();
    const { output } = await world.to("cleanup", { cleanup: { ttlWindow: "0s", keysPerSecond: 50_000 } });
    expect(output).to.match(/cleanup: shard-\d goes on from its checkpoint/);
    await world.expectPlaced(FOUR);
    await world.to("stable", { shards: FOUR });
  });

  /** Another backend, the same shards: what another team's pipeline would be. */
  async function expectLockedOut(): Promise<void> {
    const other = await PulumiStack.create({
      name: "other",
      config: { ...LAB_CONFIG, namespace: "killed", shards: THREE, targetShards: FOUR, migrationPhase: "plan" },
    });
    const { code, output } = await other.up({ skipPreview: true });
    other.removeFiles();
    expect(code).to.not.equal(0);
    expect(output).to.match(/another migration run works on shard-\d: pre-copy on \S+, process \d+, since /);
  }

  /** Takes the copies off the new shard, so that the catch-up has everything to do. */
  async function forgetCopies(): Promise<void> {
    const client = await world.keys.client("shard-3");
    const copies = await client.keys("pcs:*");
    await client.unlink(...copies);
  }
});
