/** The end of a migration goes by what is true of it now: the live epoch, its own cleanup, and shards that lost their data. */
import { expect } from "chai";
import type { Phase } from "../../../migration/phases";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";

const KEYS = 200;

describe("the closing of a migration", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  /** Brings a stack up through some phases. */
  async function go(current: readonly string[], target: readonly string[], phases: readonly Phase[]): Promise<void> {
    [lab, cluster] = await Promise.all([RingLab.start(current, target), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    await lab.fill(KEYS);
    for (const phase of phases) await stack.up(phase);
  }
  const CLEANED = ["stable", "plan", "copy", "dualWrite", "cutover", "cleanup"] as const;
  const records = async (shard: string) => (await lab.server(shard).client.keys("dedup-shards:*")).sort();

  it("by a stack that lost its state takes off what an unfinished second cleanup left, whatever the first one drained", async () => {
    await go(THREE, FOUR, [...CLEANED, "cutover"]);
    // The second cleanup is killed before its drain.
    await stack.passGate("cleanup");
    await stack.rollOut();
    await new PaperStack(lab, cluster).up("stable", FOUR);
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
  });

  it("of a cleanup that was drained deletes nothing again, and asks nothing of keys that came since", async () => {
    await go(THREE, FOUR, CLEANED);
    const [key] = lab.moverKeys();
    if (!key) throw new Error("no mover");
    const stray = lab.ownerOf(key, lab.rings.current);
    await lab.put(stray, key, Buffer.from("somebody else's"));
    await stack.up("stable", FOUR);
    expect(await lab.server(stray).client.get(key)).to.equal("somebody else's");
  });

  it("does nothing once the ring has been moved since its gate", async () => {
    await go(THREE, FOUR, ["stable", "plan", "copy", "dualWrite"]);
    await stack.passGate("stable");
    await stack.rollOut();
    const before = await lab.placement(lab.rings.current, lab.rings.target);
    cluster.ring = { ...cluster.ring, DEDUP_RING_EPOCH: "9" };
    const error = await errorOf(stack.work("drain"));
    expect(error.message).to.match(
      /^the work of this phase is for ring epoch 3, but the live ring ConfigMap is at 9: the ring has been moved since\./,
    );
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(before);
    expect(await records("shard-0")).to.include("dedup-shards:migration");
  });

  it("gives a shard that lost its data the copies of its keys on the shard that was to join", async () => {
    await go(THREE, FOUR, ["stable", "plan", "copy"]);
    const movers = lab.moverKeys("shard-1");
    await lab.server("shard-1").client.flushall();
    await stack.up("stable");
    const held = await lab.strings("shard-1");
    expect([...held.keys()].sort()).to.deep.equal(movers.map((key) => key.toString("latin1")).sort());
    expect((await lab.strings("shard-3")).size).to.equal(0);
  });

  it("goes on where a shard forgot the migration and holds other claims: it keeps them, and gets back what it lost", async () => {
    await go(FOUR, THREE, ["stable", "plan", "copy"]);
    const [key] = lab.moverKeys("shard-3");
    if (!key) throw new Error("no mover");
    await lab.server("shard-3").client.flushall();
    await lab.put("shard-3", key, Buffer.from("claimed since"));
    await stack.up("stable");
    expect(await lab.server("shard-3").client.get(key)).to.equal("claimed since");
    const { right, different, ...others } = await lab.placement(lab.rings.current);
    expect({ right, different }).to.deep.equal({ right: KEYS - 1, different: 1 });
    expect(others).to.deep.equal({ missing: 0, elsewhere: 0 });
    for (const shard of FOUR) expect(await records(shard), shard).to.not.include("dedup-shards:migration");
  });
});
