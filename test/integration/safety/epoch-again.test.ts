/** A ring of before comes back into force, by whoever writes the ConfigMap: its number, and what was found with it, do not. */
import { expect } from "chai";
import { check, create } from "../../../migration/entrypoints/ring-gate";
import { moveBack } from "../../../migration/entrypoints/move-back";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import type { Phase } from "../../../migration/phases";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";

const KEYS = 300;

describe("a ring epoch", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    // A verify that finds nothing by itself: what the catch-up leaves out stays out.
    stack.settings = { ...stack.settings, verifyMode: "sample", sampleSize: 1 };
    await lab.fill(KEYS);
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  const go = async (...phases: readonly Phase[]) => {
    for (const phase of phases) await stack.up(phase);
  };
  const previewed = async (phase: Phase) =>
    (await check(stack.state ?? {}, stack.asked(phase), {})).inputs as CheckedGateInputs;

  for (const [who, change, refresh] of [
    ["the manifest of before", {}, true],
    ["an owner's manifest with epoch 0", { DEDUP_RING_EPOCH: "0" }, true],
    ["a manifest without an epoch", { DEDUP_RING_EPOCH: "" }, true],
    ["the manifest of before, without a refresh", {}, false],
  ] as const) {
    it(`is not used twice after ${who}; what was in step is caught up anew`, async () => {
      await go("stable", "plan", "copy");
      const before = { ...cluster.ring, ...change };
      await go("dualWrite");
      cluster.rollOut(before, 1);
      // Claims of pods that write one ring.
      await lab.fill(60, KEYS);
      if (refresh) await stack.refresh();
      expect(await previewed("dualWrite")).to.include({ epoch: 3 });
      await go("dualWrite");
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "3", DEDUP_DUAL_WRITE: "true" });
      await go("cutover");
      expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
        lab.allRight(lab.rings.current, lab.rings.target),
      );
      await go("cleanup");
      expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
    });
  }

  it("is above what the cards know when the state and the ConfigMap are of before, or lost", async () => {
    await go("stable", "plan", "copy");
    const [state, ring] = [stack.state, cluster.ring];
    await go("dualWrite", "copy");
    expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "3" });
    stack.state = state;
    cluster.rollOut(ring ?? {}, 1);
    expect(await previewed("dualWrite")).to.include({ epoch: 4 });
    // The ring had other versions since the state was noted, so the barrier restarts the pods once more, and waits for them.
    stack.settings = { ...stack.settings, rolloutTimeoutMs: 60_000 };
    await go("stable");
    stack.state = undefined;
    cluster.ring = undefined;
    expect(await previewed("stable")).to.include({ epoch: 4 });
  });

  it("is asked for again where the preview could not ask the shards", async () => {
    await go("stable", "plan", "copy", "dualWrite", "copy");
    const blind = { ...(await previewed("dualWrite")), epoch: 3 };
    const state = { ...(stack.state as CheckedGateInputs), epoch: 1 };
    cluster.rollOut({ ...cluster.ring, DEDUP_RING_EPOCH: "1" }, 1);
    stack.state = state;
    const { update } = await import("../../../migration/entrypoints/ring-gate");
    expect((await errorOf(update(state, blind, {}))).message).to.equal(
      "ring epoch 3 was shown for this move, but the shards know that epoch 3 has been used, and no epoch may come twice. " +
        "The preview could not ask them. Nothing was changed: run `pulumi up` again, which takes a higher one.",
    );
    await go("dualWrite");
    expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "4" });
  });

  it("is asked for again by the first up of a stack too", async () => {
    await go("stable", "plan", "copy", "dualWrite", "stable");
    stack.state = undefined;
    cluster.ring = { ...cluster.ring, DEDUP_RING_EPOCH: "1" };
    const seen = await previewed("stable");
    expect(seen).to.include({ epoch: 4 });
    expect((await errorOf(create({ ...seen, epoch: 1 }))).message).to.match(
      /^ring epoch 1 was shown .* epoch 3 has been used/,
    );
    expect(await create(seen)).to.include({ epoch: 4 });
  });

  it("of a bake that moves the reads back is above all others too", async () => {
    await go("stable", "plan", "copy", "dualWrite", "cutover");
    const card = JSON.parse((await lab.server("shard-2").client.get("dedup-shards:card")) ?? "") as object;
    await lab.server("shard-2").client.set("dedup-shards:card", JSON.stringify({ ...card, highestEpoch: 7 }));
    const { ring, connection, settings, metrics, migration } = stack.state as CheckedGateInputs;
    const inputs = {
      ring,
      connection,
      settings,
      migration,
      epoch: 3,
      work: "cutover",
      ...(metrics ? { metrics } : {}),
    };
    expect(await moveBack(inputs, {})).to.equal(8);
    expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "8" });
    // The next run finds it made, by its number.
    expect(await previewed("dualWrite")).to.include({ epoch: 8 });
    await go("dualWrite");
    expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "8" });
  });

  it("stays where no ring changes, and a preview reads only", async () => {
    await go("stable", "plan", "copy", "dualWrite");
    const records = () => Promise.all([...lab.servers.values()].map(({ client }) => client.get("dedup-shards:card")));
    const before = await records();
    for (const [phase, epoch] of [
      ["dualWrite", 2],
      ["cutover", 3],
      ["copy", 3],
    ] as const) {
      expect(await previewed(phase), phase).to.include({ epoch });
    }
    expect(await records()).to.deep.equal(before);
  });

  it("is shown as the next one where a shard does not answer, within seconds", async () => {
    await go("stable", "plan", "copy");
    await lab.server("shard-3").stop();
    expect(await previewed("dualWrite")).to.include({ epoch: 2 });
  });
});
