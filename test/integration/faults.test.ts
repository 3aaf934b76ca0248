/** A small fixed part of the fault campaign (`npm run faults`): a round that every change has to get through. */
import { expect } from "chai";
import { playRound } from "../faults/round";

/**
 * Planned for it: runs that are killed, all shards restarted while connections hang, a slow network, no disk, a foreign
 * checkpoint; there, back from the cleanup, and there again.
 */
const SEED = "ci-60";

describe("the fault campaign", function () {
  this.timeout(600_000);

  it(`round ${SEED}: nothing is lost, nothing comes back, and the migration gets to its end`, async () => {
    const { keys, ...found } = await playRound(SEED);
    const { lost, resurrected, different, leftOver, untrue, stuck } = found;
    expect({ lost, resurrected, different, leftOver, untrue, stuck }, JSON.stringify(found)).to.deep.equal({
      ...{ lost: [], resurrected: [], different: [], leftOver: [], untrue: [], stuck: undefined },
    });
    expect(keys).to.be.above(3_000);
  });
});
