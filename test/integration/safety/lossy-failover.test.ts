/** Shards that fail over to replicas without the last writes: what the other owner holds was acknowledged, and it stays. */
import { expect } from "chai";
import { catchUp } from "../../../migration/engines/catch-up";
import { preCopy } from "../../../migration/engines/pre-copy";
import { atCall, FOUR, PACE, tapped, THREE, TOLERANCE_MS } from "../ring-lab";
import { FailingShards, type Pod } from "../support/failing-shards";

const KEYS = 200;
const IDS = 10;
const TO_COPY = ["stable", "plan", "copy"] as const;
const TO_DUAL_WRITE = [...TO_COPY, "dualWrite"] as const;
const TO_CUTOVER = [...TO_DUAL_WRITE, "cutover"] as const;

describe("a failover that loses the last writes", function () {
  this.timeout(60_000);
  let shards: FailingShards;
  afterEach(() => shards.stop());

  async function begin(current: readonly string[], target: readonly string[]): Promise<void> {
    shards = await FailingShards.start(current, target, KEYS);
  }
  const claimAll = (pod: Pod, ids: readonly string[], client: string) =>
    Promise.all(ids.map((id) => pod.claim(id, `${client} ${id}`)));
  /** Claims, as a client that is told that all of them are its own. */
  async function acknowledged(pod: Pod, ids: readonly string[]): Promise<void> {
    expect(new Set(await claimAll(pod, ids, "one"))).to.deep.equal(new Set(["first"]));
  }
  /** Makes sure that everybody else is told of those claims. */
  async function stand(pod: Pod, ids: readonly string[]): Promise<void> {
    expect(await claimAll(pod, ids, "another")).to.deep.equal(ids.map((id) => `duplicate of one ${id}`));
  }
  const trusts = () => shards.lines.filter((line) => /may (both )?have lost writes/.test(line));

  it("of a current shard before the catch-up: what the target holds is completed, and not deleted", async () => {
    await begin(THREE, FOUR);
    await shards.go(...TO_COPY);
    await shards.stack.passGate("dualWrite");
    await shards.stack.rollOut();
    const pod = shards.pod();
    const ids = shards.movers(IDS, { from: "shard-0" });
    const failOver = await shards.replicaCutOff("shard-0");
    await acknowledged(pod, ids);
    await failOver();
    await shards.stack.work("catchUp");
    await stand(pod, ids);
    expect(trusts()).to.deep.equal([
      "shard-0 may have lost writes: what only shard-3 holds is completed there, and not deleted",
    ]);
    // Once both rings were verified the new process decides as the old one did.
    await shards.stack.work("verify");
    shards.lines = [];
    await shards.go("cutover");
    expect(trusts()).to.deep.equal([]);
  });

  for (const [name, current, target, phases, shard, other] of [
    ["a current shard in dualWrite, 3 → 4", THREE, FOUR, TO_DUAL_WRITE, "shard-0", "shard-3"],
    ["a target shard behind the cutover, 4 → 3", FOUR, THREE, TO_CUTOVER, "shard-0", "shard-3"],
  ] as const) {
    it(`of ${name}, which took another claim: the other owner's copy stands`, async () => {
      await begin(current, target);
      await shards.go(...phases);
      const pod = shards.pod();
      const ids = shards.movers(IDS, current === THREE ? { from: shard, to: other } : { from: other, to: shard });
      const failOver = await shards.replicaCutOff(shard);
      await acknowledged(pod, ids);
      await failOver();
      // Its shard comes first in the order of claims, so it leaves a half there that nobody is told of.
      expect(new Set(await claimAll(pod, ids, "two"))).to.deep.equal(new Set(["RETRY"]));
      const [key = ""] = await shards.shared(shard, other);
      await shards.lab.server(other).client.pexpire(key, KEYS * 1_000_000);
      await shards.stack.work("verify");
      await stand(pod, ids);
      const expiries = [shard, other].map((name) => shards.lab.server(name).client.pexpiretime(key));
      expect(new Set(await Promise.all(expiries))).to.have.property("size", 1);
      expect(await shards.held(other, ids)).to.deep.equal(ids.map((id) => `one ${id}`));
      expect(trusts()).to.deep.equal([
        `${shard} may have lost writes: where it differs from ${other} the copies of ${other} stand`,
      ]);
    });
  }

  it("of a current shard, on the way back before the rings were in step: they are verified first", async () => {
    await begin(THREE, FOUR);
    await shards.go(...TO_COPY);
    await shards.stack.passGate("dualWrite");
    await shards.stack.rollOut();
    const ids = shards.movers(IDS, { from: "shard-0" });
    const failOver = await shards.replicaCutOff("shard-0");
    await acknowledged(shards.pod(), ids);
    await failOver();
    await shards.go("stable");
    await stand(shards.pod(), ids);
  });

  it("of a target shard, on the way back from the cutover", async () => {
    await begin(THREE, FOUR);
    await shards.go(...TO_CUTOVER);
    const ids = shards.movers(IDS);
    const failOver = await shards.replicaCutOff("shard-3");
    await acknowledged(shards.pod(), ids);
    await failOver();
    await shards.go("dualWrite", "stable");
    await stand(shards.pod(), ids);
  });

  /** The cleanup has begun, and a target shard has lost claims since the cutover. @returns their ids. */
  async function failOverInCleanup(): Promise<string[]> {
    await begin(THREE, FOUR);
    await shards.go(...TO_CUTOVER);
    const ids = shards.movers(IDS);
    const failOver = await shards.replicaCutOff("shard-3");
    await acknowledged(shards.pod(), ids);
    await shards.stack.passGate("cleanup");
    await shards.stack.rollOut();
    await failOver();
    return ids;
  }

  it("of a target shard in the cleanup, on the way back: the copies on the old owners are no left-overs", async () => {
    const ids = await failOverInCleanup();
    await shards.go("cutover");
    await stand(shards.pod(), ids);
  });

  it("of a target shard in the cleanup, which accepted the ids once more: the drain gives back the first claims", async () => {
    const ids = await failOverInCleanup();
    const pod = shards.pod();
    const again = ids.slice(IDS / 2);
    expect(new Set(await claimAll(pod, again, "two"))).to.deep.equal(new Set(["first"]));
    await shards.stack.work("drain");
    await stand(pod, ids);
    expect(shards.lines.some((line) => line.includes(`cleanup: done`) && line.includes(`${IDS} rescued`))).to.equal(
      true,
    );
  });

  it("of the target shard while dual-write is left, whose up was killed between its gate and the ring", async () => {
    await begin(THREE, FOUR);
    await shards.go(...TO_CUTOVER);
    const ids = shards.movers(IDS);
    const failOver = await shards.replicaCutOff("shard-3");
    await acknowledged(shards.pod(), ids);
    await shards.stack.passGate("cleanup");
    await failOver();
    await shards.stack.passGate("cleanup");
    await shards.stack.rollOut();
    await stand(shards.pod(), ids);
  });

  it("of both owners: where they differ nothing is taken back, and what one of them holds is completed", async () => {
    await begin(THREE, FOUR);
    await shards.go(...TO_DUAL_WRITE);
    const pod = shards.pod();
    const ids = shards.movers(IDS, { from: "shard-0" });
    const [differing, missing] = [ids.slice(0, IDS / 2), ids.slice(IDS / 2)];
    const failOver = await shards.replicaCutOff("shard-0");
    await acknowledged(pod, ids);
    const failOverToo = await shards.replicaCutOff("shard-3");
    await failOver();
    await failOverToo();
    expect(new Set(await claimAll(pod, differing, "two"))).to.deep.equal(new Set(["RETRY"]));
    await shards.stack.work("verify");
    await stand(pod, missing);
    expect(await shards.held("shard-3", differing)).to.deep.equal(differing.map((id) => `two ${id}`));
    expect(trusts()).to.deep.equal([
      "shard-0 and shard-3 may both have lost writes: where they differ the copies of shard-0 stand",
    ]);
  });

  it("between the look at both owners and the copy: what is read then takes the place of nothing", async () => {
    await begin(THREE, FOUR);
    const { lab } = shards;
    const ids = shards.movers(IDS, { from: "shard-0" });
    const put = async (shard: string, client: string) => {
      for (const id of ids) await lab.put(shard, Buffer.from(lab.rings.keyPrefix + id), Buffer.from(`${client} ${id}`));
    };
    const runId = /run_id:(\w+)/.exec(await lab.server("shard-0").client.info("server"))?.[1] ?? "";
    lab.record = { ...lab.record, processes: { "shard-0": { runId } } };
    await lab.begin();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    // An older copy, which the deciding shard's own would rightly replace: by the time that it is read there is another one.
    await put("shard-0", "one");
    await put("shard-3", "before");
    const failOver = async () => {
      await lab.server("shard-0").restart();
      await put("shard-0", "two");
    };
    const before = atCall("read", 1, failOver, "shard-0");
    const pace = { ...PACE, batchSize: KEYS };
    await lab.run((run) => catchUp(tapped(run, { before }), lab.record, lab.forward, 2, pace, TOLERANCE_MS, 10));
    expect(await shards.held("shard-3", ids)).to.deep.equal(ids.map((id) => `before ${id}`));
    expect(await shards.held("shard-0", ids)).to.deep.equal(ids.map((id) => `before ${id}`));
  });

  it("makes a verify compare every key, where only a sample is asked for", async () => {
    await begin(THREE, FOUR);
    shards.stack.settings = { ...shards.stack.settings, verifyMode: "sample", sampleSize: 1 };
    await shards.go(...TO_DUAL_WRITE);
    const ids = shards.movers(1, { from: "shard-0" });
    const failOver = await shards.replicaCutOff("shard-3");
    await acknowledged(shards.pod(), ids);
    await failOver();
    await shards.stack.work("verify");
    expect(await shards.held("shard-3", ids)).to.deep.equal(ids.map((id) => `one ${id}`));
    expect(trusts()).to.deep.equal([
      "verify: shard-3 may have lost writes, so every key is compared instead of a sample",
    ]);
  });
});
