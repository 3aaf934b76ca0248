/** An `up` that was killed between its gate and the ring, while the world went on: the gate's answer of then is worth nothing. */
import { expect } from "chai";
import { numbered } from "../../../migration/contract/ring-config-map";
import { dispatch } from "../../../migration/entrypoints/dispatch";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import type { Phase } from "../../../migration/phases";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";

const KEYS = 300;

describe("a gate that opened, and whose move was not made", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  let lines: string[];
  const say = console.log;
  beforeEach(async () => {
    lines = [];
    console.log = (line: string) => void lines.push(line);
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    await lab.fill(KEYS);
  });
  afterEach(async () => {
    console.log = say;
    cluster.stop();
    await lab.stop();
  });

  const go = async (...phases: readonly Phase[]) => {
    for (const phase of phases) await stack.up(phase);
  };
  const asked = () => lines.flatMap((line) => /^gate: (\w+)\?$/.exec(line)?.[1] ?? []);

  for (const [from, to, before] of [
    ["copy", "dualWrite", []],
    ["dualWrite", "cutover", ["dualWrite"]],
    ["dualWrite", "copy", ["dualWrite"]],
    ["dualWrite", "stable", ["dualWrite"]],
    ["cutover", "dualWrite", ["dualWrite", "cutover"]],
    ["cutover", "cleanup", ["dualWrite", "cutover"]],
    ["cleanup", "cutover", ["dualWrite", "cutover", "cleanup"]],
  ] as const) {
    it(`${from} → ${to}: is asked again in full, and Pulumi sees that it is to be`, async () => {
      await go("stable", "plan", "copy", ...before);
      lines = [];
      await stack.passGate(to);
      const [first, passed] = [asked(), stack.state as CheckedGateInputs];
      expect(first).to.not.be.empty;
      lines = [];
      const { inputs } = (await dispatch("ring-gate", "check", [passed, stack.asked(to)], undefined)) as {
        readonly inputs: CheckedGateInputs;
      };
      expect(inputs).to.include({ phase: to, epoch: passed.epoch + 1 });
      expect(lines.join()).to.contain(`the stack's state is in "${to}" at epoch ${passed.epoch}`);
      await stack.passGate(to);
      expect(asked()).to.deep.equal(first);
      await stack.finish();
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: String(passed.epoch + 1) });
    });
  }

  it("the world may have changed meanwhile: an older ring was put back, from which there is no such move", async () => {
    await go("stable", "plan", "copy");
    const before = cluster.ring ?? {};
    await go("dualWrite");
    await stack.passGate("cutover");
    cluster.rollOut(before, 1);
    await lab.fill(60, KEYS);
    const ring = cluster.ring;
    const { message } = await errorOf(stack.up("cutover"));
    expect(message).to.match(/too far from what there is: backend-0 .* uses the current ring only/);
    expect(message).to.contain('If every pod runs the older ring, go on from "copy" instead.');
    expect(cluster.ring).to.equal(ring);
    // What the message names goes on, with nothing lost.
    await go("dualWrite", "cutover");
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });

  it("pods that never ran the ring of the gate's move are no reason to write it", async () => {
    await go("stable", "plan", "copy");
    const before = cluster.ring ?? {};
    await go("dualWrite");
    await stack.passGate("cutover");
    cluster.ring = before;
    const { message } = await errorOf(stack.up("cutover"));
    expect(message).to.match(/too far from what there is: backend-0 .* reads the current ring and writes both/);
    expect(cluster.ring).to.equal(before);
    await go("dualWrite", "cutover");
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });

  it("an older ring that is put back between the preview and the gate is noticed by the gate", async () => {
    await go("stable", "plan", "copy");
    const before = cluster.ring ?? {};
    await go("dualWrite");
    const { update, check } = await import("../../../migration/entrypoints/ring-gate");
    const { inputs } = await check(stack.state ?? {}, { ...stack.asked("dualWrite"), settings: stack.settings });
    cluster.rollOut(before, 1);
    expect((await errorOf(update(stack.state as CheckedGateInputs, inputs as CheckedGateInputs, {}))).message).to.match(
      /^The live ring ConfigMap is at epoch 1 .* The preview did not know that\. Run `pulumi up` again\.$/,
    );
  });

  it("pods that are further than one step from the ring that is written again hold it", async () => {
    await go("stable", "plan", "copy", "dualWrite");
    const dual = cluster.ring ?? {};
    await go("cutover", "cleanup");
    // Somebody puts the ConfigMap back; the pods have the ring of the cleanup still.
    cluster.ring = dual;
    expect((await errorOf(stack.passGate("dualWrite"))).message).to.match(/too far from what there is: backend-0/);
  });

  it("of a migration that is over nothing is asked: the ring of the state is written again", async () => {
    await go("stable", "plan", "copy", "dualWrite");
    const dual = cluster.ring ?? {};
    await go("stable");
    cluster.rollOut(dual, 2);
    await go("stable");
    expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "4", DEDUP_DUAL_WRITE: "false" });
    expect(await lab.placement(lab.rings.current)).to.include({ missing: 0, different: 0 });
  });

  for (const [what, ring] of [
    ["emptied", {}],
    ["of another ring", { DEDUP_SHARDS: "redis://elsewhere", DEDUP_DUAL_WRITE: "false", DEDUP_NEW_RING: "" }],
  ] as const) {
    it(`a ConfigMap that is ${what} in dualWrite is written again by the next up`, async () => {
      await go("stable", "plan", "copy", "dualWrite");
      cluster.ring = ring;
      await go("dualWrite", "cutover");
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "4", DEDUP_DUAL_WRITE: "true" });
    });
  }

  it("the ring of before a migration that is finished is replaced, under a number of its own", async () => {
    await go("stable");
    const before = cluster.ring ?? {};
    await go("plan", "copy", "dualWrite", "cutover", "cleanup");
    await stack.up("stable", FOUR);
    const now = cluster.ring ?? {};
    cluster.rollOut(before, 1);
    await stack.up("stable", FOUR);
    expect(cluster.ring).to.deep.equal(numbered(now, 5));
  });
});
