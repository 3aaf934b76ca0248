/** Which shards a migration can go on without, by what pods run. */
import { expect } from "chai";
import { canBeSpared } from "../../../../migration/engines/run/lost-record";
import { POD_CONFIGS, type PodConfig } from "../../../../migration/phases";

const RINGS = { current: ["both", "old"], target: ["both", "new"] };

/** Before the rings were in step, and since. B: the drain gives a shard what other owners still hold. */
const SPARED: Readonly<Record<PodConfig, readonly [before: readonly string[], since: readonly string[]]>> = {
  A: [["new"], ["both", "old", "new"]],
  DA: [["new"], ["both", "old", "new"]],
  DB: [["old"], ["both", "old", "new"]],
  B: [
    ["both", "old", "new"],
    ["both", "old", "new"],
  ],
};

describe("a shard that lost its data", () => {
  for (const config of POD_CONFIGS) {
    it(`with pods that run ${config}: a shard that decides is needed until both rings are in step`, () => {
      const spared = [false, true].map((inStep) =>
        ["both", "old", "new"].filter((shard) => canBeSpared(shard, { ...RINGS, config, inStep })),
      );
      expect(spared).to.deep.equal(SPARED[config]);
    });
  }
});
