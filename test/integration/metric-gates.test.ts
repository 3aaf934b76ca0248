/** Moves on real shards, gated on the metrics of a service of paper. */
import { expect } from "chai";
import type { Phase } from "../../migration/phases";
import { checkedRing } from "../lab/backend/ring-checksum";
import { PaperCluster, type PaperPod } from "./paper-cluster";
import { PaperPrometheus, serviceAt, type Figures } from "./paper-prometheus";
import { PaperStack } from "./paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const GOOD: Figures = { r: 100, e: 0, p: 20, h: 0.5 };
const BAD: Figures = { ...GOOD, e: 0.5 };

describe("moves that are gated on metrics", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let prometheus: PaperPrometheus;
  let stack: PaperStack;
  beforeEach(async () => {
    [lab, cluster, prometheus] = await Promise.all([
      RingLab.start(THREE, FOUR),
      PaperCluster.start(),
      PaperPrometheus.start("geheim", () => GOOD),
    ]);
    stack = new PaperStack(lab, cluster);
    stack.secrets = { metricsToken: "geheim" };
    stack.settings = { ...stack.settings, service: service() };
    await lab.fill(100);
    await go("stable", "plan");
  });
  afterEach(async () => {
    prometheus.stop();
    cluster.stop();
    await lab.stop();
  });

  const service = () => serviceAt(prometheus.url);
  const go = async (...phases: readonly Phase[]) => {
    for (const phase of phases) await stack.up(phase);
  };
  const expectBack = async () => {
    await lab.server("shard-3").client.flushall(); // it has been removed
    expect(await lab.placement(lab.rings.current)).to.deep.equal(lab.allRight(lab.rings.current));
  };
  const ringOf = (names: readonly string[]) => ({
    DEDUP_SHARDS: names.map((name) => lab.server(name).url).join(","),
  });
  const state = () => ({ phase: stack.state?.phase, epoch: stack.state?.epoch });

  it("goes there and back while the service is well", async () => {
    await go("copy", "dualWrite", "cutover", "cleanup");
    const past = prometheus.asked.filter(({ time }) => time !== null);
    expect(past.length, "the gate before the cleanup looks back").to.be.greaterThan(0);
    await go("cutover", "dualWrite", "stable");
    await expectBack();
  });

  it("copies and catches up only while the service can bear it", async () => {
    stack.settings = { ...stack.settings, service: { ...service(), failureLimit: 0 } };
    let asked = 0;
    prometheus.figures = () => (++asked <= 30 ? BAD : GOOD);
    await go("copy");
    expect(asked, "it waited for the figures to be good").to.be.greaterThan(30);
    asked = 0;
    await lab.fill(50, 100);
    await go("dualWrite");
    expect(asked).to.be.greaterThan(30);
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });

  it("does not hold up a way back", async () => {
    await go("copy", "dualWrite", "cutover", "cleanup");
    prometheus.figures = () => BAD;
    await stack.passGate("cutover");
    await stack.rollOut();
    for (const step of ["catchUp", "bake", "verify"] as const) await stack.work(step);
    await go("dualWrite", "stable");
    await expectBack();
  });

  it("puts the baseline into the plan, and what nobody could tell with its reason", async () => {
    prometheus.figures = () => ({ ...GOOD, p: undefined });
    const { plan } = (await stack.work("plan")) as { plan: { baseline: Record<string, unknown> } };
    const { p95Ms, ...others } = plan.baseline;
    expect(others).to.deep.equal({ requestsPerSecond: 100, errorRatio: 0, hitRatio: 0.5 });
    expect(p95Ms).to.match(/^asked .* for p and got no series/);
  });

  it("judges by the baseline of the plan, which the shards know", async () => {
    const share = { ...service().limits, minHitRatioOfBaseline: 0.9 };
    stack.settings = { ...stack.settings, service: { ...service(), limits: share } };
    await go("copy", "dualWrite");
    prometheus.figures = () => ({ ...GOOD, h: 0.44 });
    expect((await errorOf(stack.passGate("cutover"))).message).to.contain(
      "hitRatio is 44.00 %, below 45.00 % (metrics.limits.minHitRatioOfBaseline of 50.00 %)",
    );
  });

  it("does not move the reads while the service is not well; the state keeps the ring of before", async () => {
    await go("copy", "dualWrite");
    prometheus.figures = () => BAD;
    const before = state();
    expect((await errorOf(stack.passGate("cutover"))).message).to.contain("errorRatio is 50.00 %, above 1.00 %");
    expect(state()).to.deep.equal(before);
    await stack.up("stable");
  });

  it("does not move them either when it is not let in, and shows no secret", async () => {
    await go("copy", "dualWrite");
    stack.secrets = { metricsToken: "wrong-geheim" };
    const { message } = await errorOf(stack.passGate("cutover"));
    expect(message).to.match(/^nobody can tell whether the service is well: .* got HTTP 401/);
    expect(message).to.not.contain("geheim");
  });

  it("a bake that fails leaves the traffic where it is, and the way back open", async () => {
    await go("copy", "dualWrite");
    await stack.passGate("cutover");
    await stack.rollOut();
    await stack.work("catchUp");
    prometheus.figures = () => BAD;
    const { message } = await errorOf(stack.work("bake"));
    expect(message).to.contain("Traffic is on the target ring (shard-0, shard-1, shard-2, shard-3).");
    expect((await errorOf(stack.passGate("cleanup"))).message).to.contain("over its limits: at ");
    await go("dualWrite", "stable");
    await expectBack();
  });

  describe("a bake with autoRollback", () => {
    const bakeBadly = async (late: PaperPod[] = []) => {
      stack.settings = { ...stack.settings, service: { ...service(), autoRollback: true } };
      await go("copy", "dualWrite");
      await stack.passGate("cutover");
      await stack.rollOut();
      await stack.work("catchUp");
      cluster.late = late;
      prometheus.figures = () => BAD;
      return (await errorOf(stack.work("bake"))).message;
    };

    it("that fails moves the ring back, and the stack follows it", async () => {
      const before = cluster.ring;
      const epoch = Number(before?.["DEDUP_RING_EPOCH"]);
      expect(await bakeBadly()).to.contain(
        `metrics.autoRollback has moved the ring back: since ring epoch ${epoch + 3} `,
      );
      const dualWrite = { ...ringOf(THREE), DEDUP_NEW_RING: FOUR.join(","), DEDUP_DUAL_WRITE: "true" };
      const written = { ...dualWrite, DEDUP_RING_EPOCH: String(epoch + 3) };
      expect(cluster.ring).to.deep.equal({ ...written, DEDUP_RING_CHECKSUM: checkedRing(written) });
      expect(cluster.pods).to.deep.equal([{ epoch: epoch + 3 }, { epoch: epoch + 3 }]);

      const back = cluster.ring;
      await go("dualWrite");
      expect(cluster.ring, "the stack writes what there is").to.deep.equal(back);
      await go("stable");
      await expectBack();
    });

    it("does not work by the ring that it has left, whatever else changes, nor go on to the cleanup", async () => {
      await bakeBadly();
      prometheus.figures = () => GOOD;
      stack.settings = { ...stack.settings, keysPerSecond: 500_000 };
      const { epoch = 0 } = stack.state ?? {};
      for (const step of ["catchUp", "bake", "verify"] as const) {
        expect((await errorOf(stack.work(step))).message, step).to.equal(
          `the work of this phase is for ring epoch ${epoch}, but the live ring ConfigMap is at ${epoch + 1}: the ring has ` +
            'been moved since. If metrics.autoRollback did that, set migrationPhase to "dualWrite" and run `pulumi up`. ' +
            "Otherwise run `pulumi refresh`, then look at the preview.",
        );
      }
      expect((await errorOf(stack.passGate("cleanup"))).message).to.contain("somebody else has changed the ring");
    });

    it("is not done until every pod runs the ring of before", async () => {
      expect(await bakeBadly([{ epoch: (stack.state?.epoch ?? 0) + 2 }])).to.match(
        /did not get to its end: barrier: after 0s not every backend pod .* backend-2 /,
      );
      expect(cluster.ring).to.include({ DEDUP_NEW_RING: FOUR.join(",") });
    });

    it("does not judge a ring anew that was well", async () => {
      stack.settings = { ...stack.settings, service: { ...service(), autoRollback: true } };
      await go("copy", "dualWrite", "cutover");
      prometheus.figures = () => BAD;
      const before = cluster.ring;
      await stack.work("bake");
      expect(cluster.ring).to.deep.equal(before);
    });

    it("does not move it when the way back is barred, and says why", async () => {
      expect(await bakeBadly([{ epoch: 9 }])).to.match(
        /metrics\.autoRollback did not get to its end: backend pods run .*: backend-2 .* To take it back set migrationPhase/s,
      );
      expect(cluster.ring).to.include({ DEDUP_NEW_RING: THREE.join(",") });
    });
  });
});
