/** Moves as the program's resources make them, on real shards; the cluster is of paper. */
import { expect } from "chai";
import type { Phase } from "../../migration/phases";
import type { HashRing } from "../../migration/ring/ring";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";
import { PaperCluster } from "./paper-cluster";
import { PaperStack } from "./paper-stack";

const KEYS = 300;

describe("moves", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    await lab.fill(KEYS);
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  const expectOn = async (...rings: readonly HashRing[]) =>
    expect(await lab.placement(...rings)).to.deep.equal(lab.allRight(...rings));
  const go = async (...phases: readonly Phase[]) => {
    for (const phase of phases) await stack.up(phase);
  };
  const mover = (): Buffer => {
    const [key] = lab.moverKeys();
    if (!key) throw new Error("no mover");
    return key;
  };

  it("there: each phase leaves the keys where its pods look for them", async () => {
    const { current, target } = lab.rings;
    await go("stable", "plan");
    await expectOn(current);
    await go("copy");
    await expectOn(current, target);
    // Claims of pods that know one ring, and then of pods that write both.
    await lab.fill(50, KEYS);
    await go("dualWrite");
    await expectOn(current, target);
    await go("cutover");
    await expectOn(current, target);
    await go("cleanup");
    await expectOn(target);
    await stack.up("stable", FOUR);
    await expectOn(target);
  });

  for (const [step, phase, before] of [
    ["catchUp", "cutover", "copy"],
    ["drain", "cleanup", "copy"],
    ["catchUp", "cutover", "dualWrite"],
    ["verify", "cutover", "dualWrite"],
    ["drain", "cleanup", "dualWrite"],
  ] as const) {
    it(`${step} of ${phase} behind ${before}, by a run that leaves the gate out, does nothing`, async () => {
      await go("stable", "plan", "copy");
      // A catch-up that died: what pods were answered since the copy is on the current ring only.
      await stack.passGate(before);
      await stack.rollOut();
      await lab.fill(50, KEYS);
      const error = await errorOf(stack.workPastGate(step, phase));
      expect(error.message).to.equal(
        `ring epoch ${before === "copy" ? 1 : 2} is not that of migrationPhase "${phase}": its gate has not let the phase through, and the ring has not ` +
          "been moved. Nothing has been done: run `pulumi up` for the whole stack, without --target and --exclude.",
      );
      await go("dualWrite");
      await expectOn(lab.rings.current, lab.rings.target);
    });
  }

  it("and back: from a cleanup that has drained the old owners", async () => {
    const { current, target } = lab.rings;
    await go("stable", "plan", "copy", "dualWrite", "cutover", "cleanup", "cutover");
    await expectOn(current, target);
    await go("dualWrite", "stable");
    await lab.server("shard-3").client.flushall();
    await expectOn(current);
  });

  describe("the barrier", () => {
    beforeEach(() => go("stable", "plan", "copy"));

    it("holds everything behind it while a terminating pod runs the ring of before", async () => {
      await stack.passGate("dualWrite");
      cluster.late = [{ epoch: 1, terminating: true }];
      const error = await errorOf(stack.rollOut());
      expect(error.message).to.match(
        /^barrier: after 0s not every backend pod is known to run ring epoch 2: backend-2 \(annotated epoch 1, reports none, terminating\)\. /,
      );
    });
  });

  it("the barrier and the gate ask pods what they run, whatever their annotations say", async () => {
    await go("stable", "plan", "copy");
    await stack.passGate("dualWrite");
    cluster.reported = 1;
    expect((await errorOf(stack.rollOut())).message).to.contain("backend-0 (annotated epoch 2, reports epoch 1)");
    cluster.reported = 2;
    await go("dualWrite");
    cluster.reported = 1;
    expect((await errorOf(stack.passGate("cutover"))).message).to.contain(
      "backend-0 (annotated epoch 2, reports epoch 1) uses the current ring only",
    );
  });

  describe("the gate", () => {
    beforeEach(() => go("stable", "plan", "copy", "dualWrite"));

    it("stays shut while a terminating pod is two steps away from where the move leads", async () => {
      cluster.late = [{ epoch: 1, terminating: true }];
      const error = await errorOf(stack.passGate("cutover"));
      expect(error.message).to.contain(
        "too far from what there is: backend-2 (annotated epoch 1, reports none, terminating) uses the current ring only.",
      );
    });

    it("verifies with the ring deciding that pods read so far", async () => {
      const key = mover();
      const { value, expiresAtMs } = lab.truth(key);
      await lab.put("shard-3", key, Buffer.from("late"), expiresAtMs);
      await stack.passGate("cutover");
      expect(await lab.server("shard-3").client.getBuffer(key)).to.deep.equal(value);
    });

    it("does not open to a cutover before the rings are in step, nor to the end before they are drained", async () => {
      await go("copy");
      await stack.passGate("dualWrite");
      await stack.rollOut();
      expect((await errorOf(stack.passGate("cutover"))).message).to.contain("have not been brought into step");
      await stack.work("catchUp");
      await go("cutover");
      await stack.passGate("cleanup");
      await stack.rollOut();
      expect((await errorOf(stack.passGate("stable", FOUR))).message).to.contain("the cleanup has not been completed");
    });

    it("does not open to dual-write before every source was copied", async () => {
      await go("stable", "plan");
      await stack.passGate("copy");
      expect((await errorOf(stack.passGate("dualWrite"))).message).to.contain(
        "the pre-copy of shard-0, shard-1, shard-2 has not been completed.",
      );
    });

    it("does not let dual-write go off before the TTL window is over", async () => {
      await go("cutover");
      stack.settings = { ...stack.settings, ttlWindowMs: 3_600_000 };
      expect((await errorOf(stack.passGate("cleanup"))).message).to.match(
        /^cleanup opens at .*: until then the old copies/,
      );
    });

    it("does not open while a shard is a replica, even one that takes writes", async () => {
      const { client } = lab.server("shard-1");
      await client.config("SET", "replica-read-only", "no");
      await client.call("REPLICAOF", "127.0.0.1", 1);
      expect((await errorOf(stack.passGate("cutover"))).message).to.equal(
        "shard-1 is a slave, not a primary. Point its URL at its primary.",
      );
    });

    it("a refresh finds the ring that is in force, and not the one that was asked for", async () => {
      await stack.passGate("cutover");
      await stack.refresh();
      expect(stack.state).to.deep.include({ phase: "dualWrite", epoch: 2, data: cluster.ring });
    });
  });
});
