/** Going back by reverting the config, from every phase, with claims made meanwhile through the backend. On Valkey. */
import { expect } from "chai";
import { HashRing } from "../../migration/ring/ring";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
/** One shard is added, and those that stay get movers from one another. */
const TARGET = ["shard-1", "shard-2", "shard-3"];

describe("rollback", function () {
  this.timeout(900_000);
  let world: World;
  let claims = 0;

  before(async () => {
    world = await World.create({ namespace: "rollback", image: "lab.test/valkey:8", shards: THREE, keys: 800 });
  });
  after(() => world.destroy());

  it("from copy: the claims made since stay, the copies go", async () => {
    await advance("plan", "copy");
    for (const shard of new Set([...THREE, ...TARGET])) {
      expect(await (await world.keys.client(shard)).info("server"), shard).to.match(/^server_name:valkey\r?$/m);
    }
    await claim(THREE);
    await retreat("stable");
    await expectClean();
  });

  it("from dualWrite: the claims made under dual-write stay", async () => {
    await advance("plan", "copy", "dualWrite");
    await claim(THREE);
    await retreat("stable");
    await expectClean();
  });

  it("from a half-done cleanup and from cutover: claims made on the target ring come along, movers are copied back", async () => {
    await advance("plan", "copy", "dualWrite", "cutover");
    await claim(TARGET);
    await world.stack.setConfig({ migrationPhase: "cleanup", cleanup: { ttlWindow: "0s", keysPerSecond: 20 } });
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(/cleanup: \d+/);
    await run.kill();
    await world.stack.cancel();
    await claim(TARGET);
    await world.stack.setConfig({ cleanup: { ttlWindow: "0s", keysPerSecond: 50_000 } });
    await retreat("cutover");
    await claim(TARGET);
    await retreat("dualWrite", "copy", "stable");
    await expectClean();
  });

  async function advance(...phases: readonly string[]): Promise<void> {
    for (const phase of phases) await world.to(phase, { targetShards: TARGET });
  }

  async function retreat(...phases: readonly string[]): Promise<void> {
    for (const phase of phases) await world.to(phase);
  }

  /** Submits new ids through the backend's Service and notes what the primary ring's owner holds. */
  async function claim(primary: readonly string[]): Promise<void> {
    const ring = new HashRing(primary);
    const url = await world.backend.serviceUrl();
    for (let i = 0; i < 40; i++) {
      const id = `claimed-${claims++}`;
      const response = await fetch(`${url}/submissions/${id}`, { method: "POST", body: JSON.stringify({ ok: true }) });
      expect(await response.json()).to.include({ answer: "first" });
      const owner = await world.keys.client(ring.ownerOf(id));
      const value = (await owner.get(`pcs:${id}`)) ?? "";
      world.keys.stored.set(id, { value, expiresAtMs: Number(await owner.call("PEXPIRETIME", `pcs:${id}`)) });
    }
  }

  /** Nothing lost, no copies on the shards that stay, no records of the abandoned migration, the added shard gone. */
  async function expectClean(): Promise<void> {
    await world.expectPlaced(THREE);
    for (const shard of THREE)
      expect(await (await world.keys.client(shard)).keys("dedup-shards:*")).to.deep.equal(["dedup-shards:card"]);
    expect(await world.kube.find("statefulset/redis-dedup-shard-3")).to.equal(undefined);
    world.keys.close();
  }
});
