/** Others write the ring: a controller that puts keys back, and a process that slept. Nothing is deleted by a wrong ring. */
import { expect } from "chai";
import { CHECKSUM_KEY, ringChecksum, type RingData } from "../../../migration/contract/ring-config-map";
import type { Run } from "../../../migration/engines/runtime";
import type { StepInputs } from "../../../migration/entrypoints/inputs";
import { moveBack } from "../../../migration/entrypoints/move-back";
import { whileInForce } from "../../../migration/entrypoints/ring-in-force";
import { stepInputs } from "../../../migration/migration";
import type { Phase } from "../../../migration/phases";
import { FakeClock } from "../../unit/engines/fakes";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";

const KEYS = 200;
/** What the manifest of a GitOps controller has, which knows of no epoch. */
const THEIRS = ["DEDUP_SHARDS", "DEDUP_DUAL_WRITE", "DEDUP_NEW_RING"];

describe("other writers of the ring", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  let manifest: RingData;
  /** The inputs of the ring that Pulumi wrote last. */
  let written = "";
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    // As Pulumi does it: the ring is written where its inputs have changed, and pods report what they read.
    written = "";
    const rollOut = (data: RingData, epoch: number) => {
      const inputs = JSON.stringify([data, stack.state?.putBack]);
      if (inputs === written) return;
      written = inputs;
      [cluster.reported, cluster.reportedChecksum] = [epoch, data[CHECKSUM_KEY]];
      cluster.rollOut(data, epoch);
    };
    stack = new PaperStack(lab, { metrics: cluster.metrics, rollOut });
    await lab.fill(KEYS);
    await go("stable");
    manifest = Object.fromEntries(THEIRS.map((key) => [key, cluster.ring?.[key] ?? ""]));
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  const go = async (...phases: readonly Phase[]) => {
    for (const phase of phases) await stack.up(phase);
  };
  const putBack = (keys: RingData = manifest) =>
    cluster.ringVersions.write({ ...cluster.ring, ...keys }, "argocd-controller");
  const healing = (isOn: boolean) => {
    cluster.ringVersions.onWritten = isOn
      ? (data) => Object.entries(manifest).some(([key, value]) => data?.[key] !== value) && putBack()
      : undefined;
  };
  const keysHeld = async () => {
    const sizes = await Promise.all([...lab.servers.values()].map(({ client }) => client.dbsize()));
    return sizes.reduce((a, b) => a + b);
  };

  it("a controller that heals three keys at once holds the cleanup; once it stops, the same `up` goes on", async () => {
    await go("plan", "copy", "dualWrite", "cutover");
    const before = await keysHeld();
    healing(true);
    const message = (await errorOf(go("cleanup"))).message;
    expect(message).to.equal(
      "somebody else has changed DEDUP_SHARDS in ConfigMap paper/backend-config (written by " +
        "argocd-controller), so it no longer has the ring of this epoch. Take the ring's keys out of what writes them " +
        "(docs/guides/gitops-and-helm.md), then run `pulumi up` again: it writes them once more.",
    );
    expect(await keysHeld(), "nothing is deleted").to.be.at.least(before);
    expect((await errorOf(go("cleanup"))).message, "as long as it goes on").to.equal(message);
    healing(false);
    await go("cleanup");
    expect(cluster.ring?.[CHECKSUM_KEY]).to.equal(ringChecksum(cluster.ring ?? {}));
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
    await stack.up("stable", FOUR);
  });

  it("keys are not put back where pods report no checksum: they may have served by the other ring", async () => {
    await go("plan", "copy", "dualWrite");
    cluster.reportedChecksum = undefined;
    putBack();
    const { message } = await errorOf(go("dualWrite"));
    expect(message).to.contain("these pods report no checksum, so they may run by that ring: backend-0 (");
    expect(cluster.ring).to.include(manifest);
    await stack.refresh();
    await go("dualWrite", "cutover");
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });

  for (const [step, phases] of [
    ["preCopy", ["plan", "copy"]],
    ["catchUp", ["plan", "copy", "dualWrite"]],
    ["verify", ["plan", "copy", "dualWrite", "cutover"]],
    ["drain", ["plan", "copy", "dualWrite", "cutover", "cleanup"]],
  ] as const) {
    it(`${step} does nothing by a ring that has the number of its epoch, and other keys`, async () => {
      await go(...phases);
      const wanted = cluster.ring ?? {};
      for (const key of [...THEIRS, CHECKSUM_KEY]) {
        putBack({ [key]: "another" });
        const error = await errorOf(stack.work(step));
        expect(error, key).to.have.property("name", "RingPutBackError");
        expect(error.message).to.contain(`has changed ${key} in ConfigMap`);
        putBack({ [key]: wanted[key] ?? "" });
      }
      await stack.work(step);
    });
  }

  it("work that deletes looks again while it goes on, a second later at the latest", async () => {
    await go("plan", "copy", "dualWrite", "cutover", "cleanup");
    const clock = new FakeClock();
    const inputs = stepInputs("drain", stack.state as never) as StepInputs;
    const { assertInForce = () => Promise.reject(new Error("no look")) } = await whileInForce(
      { clock } as unknown as Run,
      inputs,
    );
    await assertInForce();
    putBack();
    await assertInForce();
    clock.pass(1_001);
    expect((await errorOf(assertInForce())).name).to.equal("RingPutBackError");
    // An API server that is away holds the work, for a minute.
    clock.pass(1_001);
    cluster.broken = true;
    expect((await errorOf(assertInForce())).message).to.contain("cannot read ConfigMap paper/backend-config");
    expect(clock.slept).to.have.length(61);
  });

  it("a move back whose process slept between its look and its write writes nothing", async () => {
    await go("plan", "copy", "dualWrite", "cutover");
    const inputs = { ...stepInputs("bake", stack.state as never), metrics: cluster.metrics } as StepInputs;
    let slept = false;
    cluster.beforePatch = async () => {
      if (slept) return;
      slept = true;
      await go("cleanup");
    };
    const error = await errorOf(moveBack(inputs, {}));
    expect(error.message).to.equal(
      "ConfigMap paper/backend-config no longer has the ring of epoch 3 that was to be replaced: somebody else has moved " +
        "the ring since. Nothing has been written. Run `pulumi up --refresh`, and look at its preview.",
    );
    expect(slept).to.equal(true);
    expect(cluster.ring).to.deep.equal(stack.state?.data);
    // The gate of the move back has used epoch 4, though its ring was never written.
    expect(cluster.pods).to.deep.equal([{ epoch: 5 }, { epoch: 5 }]);
    await stack.up("stable", FOUR);
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
  });

  it("the gate takes no pod for one of its epoch that reports another ring", async () => {
    await go("plan", "copy", "dualWrite");
    cluster.reportedChecksum = ringChecksum({ ...cluster.ring, ...manifest });
    expect((await errorOf(stack.passGate("cutover"))).message).to.match(
      /^backend pods run another ring than that of their epoch: backend-0 \(annotated epoch 2, reports epoch 2 of ring \w{16}\), /,
    );
  });

  describe("a stack of the version before, which knows no checksum", () => {
    const without = <T extends object>(all: T, ...names: readonly string[]): T =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name))) as T;
    /** What that version leaves: no checksum in the ConfigMap, the state and the records. */
    const age = async () => {
      const ring = without(cluster.ring ?? {}, CHECKSUM_KEY);
      cluster.ring = ring;
      written = "";
      stack.state = stack.state && { ...without(stack.state, "ringVersion", "putBack"), data: ring };
      [cluster.reported, cluster.reportedChecksum] = [undefined, undefined];
      for (const { client } of lab.servers.values()) {
        const text = await client.get("dedup-shards:migration");
        if (text === null) continue;
        const record = without(JSON.parse(text) as object, "checksums");
        await client.set("dedup-shards:migration", JSON.stringify(record));
      }
      return ring;
    };

    for (const phase of ["stable", "copy", "dualWrite", "cutover", "cleanup"] as const) {
      it(`gets it in ${phase} at the next \`up\`, in the same epoch, and goes on to the end`, async () => {
        const path = ["plan", "copy", "dualWrite", "cutover", "cleanup"] as const;
        const at = phase === "stable" ? 0 : path.indexOf(phase) + 1;
        await go(...path.slice(0, at));
        const ring = await age();
        await go(phase);
        expect(cluster.ring).to.deep.equal({ ...ring, [CHECKSUM_KEY]: ringChecksum(ring) });
        await go(...path.slice(at));
        await stack.up("stable", FOUR);
        expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
      });
    }

    it("does not get it over a ring that somebody has changed", async () => {
      await go("plan", "copy", "dualWrite");
      await age();
      putBack();
      expect((await errorOf(go("dualWrite"))).message).to.contain("has changed DEDUP_DUAL_WRITE, DEDUP_NEW_RING in");
      expect(cluster.ring).to.include(manifest).and.not.have.property(CHECKSUM_KEY);
    });
  });
});
