/** Stacks and shards that commit c900845 left in each phase go on with this version, with nothing to do by hand. */
import { expect } from "chai";
import { PHASES, type Phase } from "../../../migration/phases";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { FOUR, RingLab, THREE } from "../ring-lab";
import { leftBefore, putRecords } from "./records-before-cards";

const KEYS = 300;
const FORTH = PHASES;
const BACK: Readonly<Record<Phase, readonly Phase[]>> = {
  stable: [],
  plan: ["stable"],
  copy: ["stable"],
  dualWrite: ["stable"],
  cutover: ["dualWrite", "stable"],
  cleanup: ["cutover", "dualWrite", "stable"],
};

describe("a migration that was begun before shards had cards", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    await lab.fill(KEYS);
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  /** A stack as it was left in a phase: the keys lie as any version leaves them. */
  async function leftIn(phase: Phase): Promise<PaperStack> {
    const stack = new PaperStack(lab, cluster);
    for (const each of FORTH.slice(0, FORTH.indexOf(phase) + 1)) await stack.up(each);
    const { state, records } = await leftBefore(lab, phase);
    await putRecords(lab, records);
    stack.state = { ...stack.asked(phase), ...state };
    cluster.rollOut(state.data, state.epoch);
    return stack;
  }
  const cards = () =>
    Promise.all(lab.rings.current.shards.map((name) => lab.server(name).client.exists("dedup-shards:card")));

  /** Which server processes the record knows: that of before knows none. */
  async function processes(): Promise<object> {
    const text = (await lab.server("shard-0").client.get("dedup-shards:migration")) ?? "";
    return (JSON.parse(text) as { readonly processes: object }).processes;
  }

  for (const phase of PHASES) {
    it(`in ${phase}: an up in the same phase gives the shards their cards, notes their processes and changes no epoch`, async () => {
      const stack = await leftIn(phase);
      const epoch = stack.state?.epoch;
      await stack.up(phase);
      expect(await cards()).to.deep.equal([1, 1, 1]);
      expect(stack.state).to.include({ phase, epoch });
      if (phase !== "stable") expect(Object.keys(await processes())).to.have.members(FOUR);
    });

    it(`in ${phase}: goes on to the end, and nothing is lost`, async () => {
      const stack = await leftIn(phase);
      for (const next of FORTH.slice(FORTH.indexOf(phase) + 1)) await stack.up(next);
      await stack.up("stable", FOUR);
      expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
      expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "4" });
      for (const name of FOUR)
        expect(await lab.server(name).client.keys("dedup-shards:*"), name).to.deep.equal(["dedup-shards:card"]);
    });

    if (BACK[phase].length === 0) continue;
    it(`in ${phase}: goes back, and nothing is lost`, async () => {
      const stack = await leftIn(phase);
      for (const next of BACK[phase]) await stack.up(next);
      expect(await lab.placement(lab.rings.current)).to.include({ right: KEYS, missing: 0, different: 0 });
    });
  }
});
