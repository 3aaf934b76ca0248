/** A small fixed part of the fault campaign (`npm run faults`): rounds that every change has to get through. */
import { expect } from "chai";
import { playRound } from "../faults/round";

const SEEDS = ["ci-1", "ci-2"];

describe("the fault campaign", function () {
  this.timeout(600_000);
  for (const seed of SEEDS) {
    it(`round ${seed}: nothing is lost, nothing comes back, and the migration gets to its end`, async () => {
      const { keys, ...found } = await playRound(seed);
      const { lost, resurrected, different, leftOver, untrue, stuck } = found;
      expect({ lost, resurrected, different, leftOver, untrue, stuck }, JSON.stringify(found)).to.deep.equal({
        ...{ lost: [], resurrected: [], different: [], leftOver: [], untrue: [], stuck: undefined },
      });
      expect(keys).to.be.above(3_000);
    });
  }
});
