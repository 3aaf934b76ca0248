/** No evidence is not good evidence: a Deployment without pods opens no gate and ends no barrier. */
import { expect } from "chai";
import { NoPodsError } from "../../../migration/engines/gate/no-pods";
import type { Phase } from "../../../migration/phases";
import { PaperCluster, type PaperPod } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";

const JOURNEY = ["stable", "plan", "copy", "dualWrite", "cutover", "cleanup"] as const;
/** [from, to] of every move that asks which ring pods run, with the shards that `to` is asked for with. */
const MOVES: readonly (readonly [Phase, Phase])[] = [
  ["copy", "dualWrite"],
  ["dualWrite", "cutover"],
  ["cutover", "cleanup"],
  ["cleanup", "stable"],
  ["cleanup", "cutover"],
  ["cutover", "dualWrite"],
  ["dualWrite", "stable"],
  ["dualWrite", "copy"],
];

describe("a backend without pods", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  before(async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(50);
  });
  after(() => lab.stop());
  beforeEach(async () => {
    cluster = await PaperCluster.start();
    stack = new PaperStack(lab, cluster);
  });
  afterEach(async () => {
    cluster.stop();
    for (const server of lab.servers.values()) {
      const records = await server.client.keys("dedup-shards:*");
      if (records.length > 0) await server.client.del(...records);
    }
  });

  const go = async (to: Phase) => {
    for (const phase of JOURNEY.slice(0, JOURNEY.indexOf(to) + 1)) await stack.up(phase);
  };
  const shardsOf = (from: Phase, to: Phase) => (from === "cleanup" && to === "stable" ? FOUR : THREE);

  for (const [from, to] of MOVES) {
    it(`opens no gate from ${from} to ${to}, unless the operator says that nothing serves`, async () => {
      await go(from);
      const state = stack.state;
      cluster.pods = [];
      const error = await errorOf(stack.passGate(to, shardsOf(from, to)));
      expect(error.message).to.equal(new NoPodsError(`the gate to "${to}" stays shut`).message);
      expect(stack.state).to.equal(state);
      stack.settings = { ...stack.settings, servesNothing: true };
      await stack.passGate(to, shardsOf(from, to));
      // Whoever serves nevertheless is looked at as ever.
      cluster.pods = [{ epoch: 99 }];
      stack.state = state;
      expect((await errorOf(stack.passGate(to, shardsOf(from, to)))).message).to.match(/do(es)? not know: backend-0/);
    });
  }

  const rollOutOf = async (...pods: readonly PaperPod[]) => {
    await stack.passGate("stable");
    const rollOut = cluster.rollOut.bind(cluster);
    cluster.rollOut = (data, epoch) => {
      rollOut(data, epoch);
      cluster.pods = pods;
    };
    await stack.rollOut();
  };

  it("ends no barrier, from the first one on", async () => {
    expect((await errorOf(rollOutOf())).message).to.equal(new NoPodsError("barrier: after 0s").message);
  });

  it("ends every barrier where the operator says that nothing serves", async () => {
    stack.settings = { ...stack.settings, servesNothing: true };
    await rollOutOf();
  });

  it("with pods that no node has room for only is without evidence as well", async () => {
    expect((await errorOf(rollOutOf({ epoch: 1, unscheduled: true }))).message).to.equal(
      new NoPodsError("barrier: after 0s").message,
    );
  });

  it("is not what one is whose other pods cannot be scheduled: those can only start with the live ring", async () => {
    await rollOutOf({ epoch: 1 }, { epoch: 0, unscheduled: true });
  });
});
