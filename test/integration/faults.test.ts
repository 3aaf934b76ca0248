/** A small fixed part of the fault campaign (`npm run faults`): rounds that every change has to get through. */
import { expect } from "chai";
import type { Choice } from "../faults/journey";
import { playRound } from "../faults/round";

const ROUNDS: Readonly<Record<string, Choice>> = {
  /**
   * Planned for it: runs that are killed, all shards restarted while connections hang, a slow network, no disk, a foreign
   * checkpoint; there, back from the cleanup, and there again.
   */
  "ci-60": {},
  "ci-61": {
    only: [
      "failover to a replica",
      "connections half-open",
      "shard at maxmemory (OOM)",
      "keys gone from their new owners",
      "joining shard back empty",
    ],
  },
  /** A replica that lacks the last second takes the place of a shard of the target ring, and an older ring is put back. */
  "ci-1": { pairs: true, straight: true },
};

describe("the fault campaign", function () {
  this.timeout(600_000);

  for (const [seed, choice] of Object.entries(ROUNDS)) {
    it(`round ${seed}: nothing is lost, nothing comes back, and the migration gets to its end`, async () => {
      const { keys, ...found } = await playRound(seed, choice);
      const { lost, resurrected, different, leftOver, untrue, stuck } = found;
      expect({ lost, resurrected, different, leftOver, untrue, stuck }, JSON.stringify(found)).to.deep.equal({
        ...{ lost: [], resurrected: [], different: [], leftOver: [], untrue: [], stuck: undefined },
      });
      expect(keys).to.be.above(choice.pairs ? 1_000 : 3_000);
      if (choice.pairs) expect(found.faults).to.have.length(2);
    });
  }
});
