/** The live ring is compared with the state in every preview and `up`, and what a message advises is followed until it helps. */
import { expect } from "chai";
import { CHECKSUM_KEY } from "../../../migration/contract/ring-config-map";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import { check } from "../../../migration/entrypoints/ring-gate";
import type { Phase } from "../../../migration/phases";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";
import { PulumiPatches } from "../support/pulumi-patches";

type Ring = Readonly<Record<string, string>>;

const PATH = ["stable", "plan", "copy", "dualWrite", "cutover", "cleanup"] as const;
const PHASES_WITH_A_RING = ["stable", "copy", "dualWrite", "cutover", "cleanup"] as const;

const withoutChecksum = (ring: Ring = {}): Ring =>
  Object.fromEntries(Object.entries(ring).filter(([key]) => key !== CHECKSUM_KEY));

describe("a live ring that is not the one of the state", function () {
  this.timeout(60_000);
  const say = console.log;
  let lab: RingLab;
  let cluster: PaperCluster;
  let patches: PulumiPatches;
  let stack: PaperStack;
  let lines: string[];
  /** The ring of each phase, as it was written. */
  let rings: Ring[];
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    patches = new PulumiPatches(cluster, () => stack.state?.putBack);
    stack = new PaperStack(lab, patches);
    await lab.fill(50);
    [lines, rings] = [[], []];
    console.log = (line: string) => void lines.push(line);
  });
  afterEach(async () => {
    console.log = say;
    cluster.stop();
    await lab.stop();
  });

  /** Everything up to a phase. */
  const goTo = async (last: Phase) => {
    for (const phase of PATH.slice(0, PATH.indexOf(last) + 1)) {
      await stack.up(phase);
      rings.push(cluster.ring ?? {});
    }
  };
  const putBackOf = (phase: (typeof PATH)[number]) => rings[PATH.indexOf(phase)] ?? {};
  const goOnFrom = async (phase: Phase) => {
    for (const next of PATH.slice(PATH.indexOf(phase) + 1)) await stack.up(next);
    lines = [];
    await stack.up("stable", FOUR);
    expect(warnings()).to.deep.equal([]);
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
  };
  const upRefreshed = async (phase: Phase) => {
    patches.refresh();
    await stack.refresh();
    await stack.up(phase);
  };
  const preview = async (phase: Phase) => {
    const { failures = [], inputs } = await check(stack.state ?? {}, stack.asked(phase));
    return { inputs: inputs as CheckedGateInputs, reasons: failures.map(({ reason }) => reason) };
  };
  const warnings = () => lines.filter((line) => line.startsWith("warning: "));
  const BY_REFRESH = "Run `pulumi up --refresh`, which puts that right";

  for (const phase of ["dualWrite", "cutover", "cleanup"] as const) {
    it(`${phase}: the whole ring of the phase before was put back: the preview shows a move, and \`pulumi up\` makes it`, async () => {
      await goTo(phase);
      const { epoch } = stack.state as CheckedGateInputs;
      cluster.rollOut(rings.at(-2) ?? {}, epoch - 1);
      const { inputs, reasons } = await preview(phase);
      expect(reasons).to.deep.equal([]);
      expect(inputs).to.include({ epoch: epoch + 1 });
      expect(lines.join("\n")).to.contain(`The live ring ConfigMap is at epoch ${epoch - 1}`);
      await stack.up(phase);
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: String(epoch + 1) });
      await goOnFrom(phase);
    });

    it(`${phase}: the ring of the phase before has the number of this one: refused by every run, until --refresh`, async () => {
      await goTo(phase);
      const before = withoutChecksum(rings.at(-2));
      const { epoch } = stack.state as CheckedGateInputs;
      const ring = { ...before, DEDUP_RING_EPOCH: String(epoch) };
      cluster.ring = ring;
      const [reason = ""] = (await preview(phase)).reasons;
      expect(reason)
        .to.match(/^somebody else has changed DEDUP_\w+.* in ConfigMap paper\/backend-config, so /)
        .and.to.contain("then run `pulumi up --refresh`, which starts from the ring that is live now.");
      expect((await errorOf(stack.up(phase))).message).to.equal(reason);
      expect(cluster.ring).to.equal(ring);
      await upRefreshed(phase);
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: String(epoch + 1) });
      await goOnFrom(phase);
    });
  }

  for (const [phase, at] of [
    ["cutover", "copy"],
    ["cleanup", "copy"],
    ["cleanup", "dualWrite"],
  ] as const) {
    const putBack = () => putBackOf(at);

    it(`${phase}: the ring of ${at} was put back, and pods run that of the state: nothing but that one is written`, async () => {
      await goTo(phase);
      const { epoch } = stack.state as CheckedGateInputs;
      cluster.ring = putBack();
      for (const other of phase === "cutover"
        ? (["stable", "copy"] as const)
        : (["stable", "copy", "dualWrite"] as const)) {
        const { message } = await errorOf(stack.up(other));
        expect(message, other).to.contain("too far from what there is: backend-0");
        expect(message, other).to.contain(`set migrationPhase to "${phase}" and run \`pulumi up\``);
      }
      expect(cluster.ring).to.deep.equal(putBack());
      // A refresh, which other messages ask for, does not forget the phase of the pods.
      await upRefreshed(phase);
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: String(epoch + 1) });
      await goOnFrom(phase);
    });
  }

  it("cleanup: the ring of copy was put back, and every pod runs it: the way on from there loses nothing", async () => {
    await goTo("cleanup");
    cluster.rollOut(putBackOf("copy"), Number(putBackOf("copy")["DEDUP_RING_EPOCH"]));
    expect((await errorOf(stack.up("cleanup"))).message).to.contain('go on from "copy" instead');
    await stack.up("dualWrite");
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
    for (const next of ["cutover", "cleanup"] as const) await stack.up(next);
    await goOnFrom("cleanup");
  });

  for (const phase of PHASES_WITH_A_RING) {
    it(`${phase}: the ConfigMap was deleted: every run says so, and --refresh writes it again`, async () => {
      await goTo(phase);
      const ring = cluster.ring;
      cluster.ring = undefined;
      expect((await preview(phase)).reasons).to.deep.equal([]);
      expect(warnings()).to.have.length(1);
      expect(warnings()[0])
        .to.contain("is not the one of the stack's state: ConfigMap paper/backend-config does not exist. ")
        .and.to.contain(BY_REFRESH);
      await upRefreshed(phase);
      expect(cluster.ring).to.deep.equal(ring);
      await goOnFrom(phase);
    });

    it(`${phase}: somebody counted the epoch up: every run says so, and --refresh goes on above it`, async () => {
      await goTo(phase);
      cluster.ring = { ...cluster.ring, DEDUP_RING_EPOCH: "9" };
      expect((await preview(phase)).reasons).to.deep.equal([]);
      const { epoch } = stack.state as CheckedGateInputs;
      expect(warnings()[0]).to.contain(`is at ring epoch 9 instead of ${epoch}. ${BY_REFRESH}`);
      await upRefreshed(phase);
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "10" });
      await goOnFrom(phase);
    });

    it(`${phase}: the template was undone, and pods are not asked: every run says so, and --refresh rolls out again`, async () => {
      await goTo(phase);
      const { epoch } = stack.state as CheckedGateInputs;
      cluster.template = epoch - 1;
      cluster.pods = [{ epoch: epoch - 1 }, { epoch }];
      expect((await preview(phase)).reasons).to.deep.equal([]);
      expect(warnings()).to.have.length(1);
      expect(warnings()[0]).to.contain(
        `the Deployment's pods are annotated with ring epoch ${epoch - 1} instead of ${epoch}; pods run another ring epoch ` +
          `than ${epoch}: backend-0 (annotated epoch ${epoch - 1}, reports none). ${BY_REFRESH}`,
      );
      await upRefreshed(phase);
      expect(cluster.pods).to.deep.equal([{ epoch }, { epoch }]);
      await goOnFrom(phase);
    });
  }

  for (const reports of [true, false]) {
    it(`the checksum alone was changed, and pods report ${reports ? "theirs" : "none"}: --refresh goes on`, async () => {
      if (reports) cluster.reported = 0;
      await goTo("dualWrite");
      cluster.ring = { ...cluster.ring, [CHECKSUM_KEY]: "0".repeat(16) };
      expect((await preview("dualWrite")).reasons).to.deep.equal([]);
      expect(warnings()[0]).to.contain(`has changed ${CHECKSUM_KEY} in ConfigMap paper/backend-config, so`);
      if (!reports) expect((await errorOf(stack.up("dualWrite"))).message).to.contain("then run `pulumi up --refresh`");
      await upRefreshed("dualWrite");
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "3" });
      await goOnFrom("dualWrite");
    });
  }

  it("the ConfigMap was emptied in stable, which looks like one before the first ring: --refresh writes it", async () => {
    await goTo("stable");
    cluster.ring = {};
    expect((await preview("stable")).reasons).to.deep.equal([]);
    expect(warnings()[0]).to.contain(`ConfigMap paper/backend-config has no ring. ${BY_REFRESH}`);
    await upRefreshed("stable");
    expect(cluster.ring).to.include({ DEDUP_DUAL_WRITE: "false" });
    await stack.up("plan");
    await goOnFrom("plan");
  });

  it("another ring under the same number is not planned from", async () => {
    await goTo("cleanup");
    await stack.up("stable", FOUR);
    cluster.ring = { ...withoutChecksum(rings[0]), DEDUP_RING_EPOCH: "4" };
    const { failures = [] } = await check(stack.state ?? {}, stack.asked("plan", FOUR));
    expect(failures[0]?.reason).to.match(/^somebody else has changed DEDUP_SHARDS in /);
  });

  it("the gate of the next phase names --refresh where the annotation counts, and opens after it", async () => {
    await goTo("dualWrite");
    // kubectl rollout undo
    cluster.template = 1;
    cluster.pods = [{ epoch: 1 }, { epoch: 1 }];
    expect((await errorOf(stack.passGate("cutover"))).message).to.contain(
      'Set migrationPhase to "dualWrite" and run `pulumi up --refresh` first.',
    );
    await upRefreshed("dualWrite");
    await goOnFrom("dualWrite");
  });

  it("an `up` that was killed before the rollout is told so, and goes on without a refresh", async () => {
    await goTo("copy");
    await stack.passGate("dualWrite");
    cluster.ring = stack.state?.data;
    expect((await preview("dualWrite")).reasons).to.deep.equal([]);
    expect(warnings()[0]).to.contain("annotated with ring epoch 1 instead of 2");
    await stack.up("dualWrite");
    await goOnFrom("dualWrite");
  });

  it("pods behind a template that is right are named, with what restarts them", async () => {
    await goTo("dualWrite");
    cluster.pods = [{ epoch: 1 }, { epoch: 2 }];
    expect((await preview("dualWrite")).reasons).to.deep.equal([]);
    expect(warnings()).to.deep.equal([
      "warning: pods run another ring epoch than 2: backend-0 (annotated epoch 1, reports none). Wait until the rollout is " +
        "over. If none is under way, restart the Deployment (`kubectl rollout restart`).",
    ]);
    cluster.pods = [{ epoch: 2 }, { epoch: 2 }];
    await goOnFrom("dualWrite");
  });

  it("is not known while the cluster does not answer: that holds nothing", async () => {
    await goTo("stable");
    cluster.broken = true;
    expect((await preview("stable")).reasons).to.deep.equal([]);
    expect(lines.filter((line) => line.startsWith("the live ring is not known: cannot read "))).to.have.length(1);
  });
});
