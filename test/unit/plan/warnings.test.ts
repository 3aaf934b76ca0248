import { expect } from "chai";
import { BIG_KEY_BYTES, planWarnings } from "../../../migration/plan/warnings";
import { FOUR, growingCensus, MIB, shardCensus, THREE } from "./fixtures";

const shrink = { current: FOUR, target: THREE, vnodes: 150, keyPrefix: "pcs:" };

const STRING = { type: "string", members: 1 };

describe("planWarnings", () => {
  it("has nothing to say about a clean census", () => {
    expect(planWarnings({ ...shrink, census: growingCensus() })).to.deep.equal([]);
  });

  it("misplaced keys, with examples", () => {
    const census = [
      shardCensus("shard-0", { keys: 9, misplaced: 1200, misplacedExamples: ["pcs:a", "pcs:b"] }),
      shardCensus("shard-1", { keys: 9, misplaced: 1, misplacedExamples: ["pcs:c"] }),
      shardCensus("shard-2", { keys: 9, misplaced: 2 }),
    ];
    const tail =
      "the backend does not read them there. Next: nothing if they are left-overs of an earlier migration; otherwise " +
      "find out who wrote them before you go on.";
    expect(planWarnings({ ...shrink, census })).to.deep.equal([
      `shard-0 holds 1,200 misplaced keys, owned by another shard of the current ring (pcs:a, pcs:b, …): ${tail}`,
      `shard-1 holds 1 misplaced key, owned by another shard of the current ring (pcs:c): ${tail}`,
      `shard-2 holds 2 misplaced keys, owned by another shard of the current ring: ${tail}`,
    ]);
  });

  it("keys without the prefix, but only where the shard leaves the ring", () => {
    const census = FOUR.map((shard) => shardCensus(shard, { otherKeys: 12 }));
    expect(planWarnings({ ...shrink, census })).to.deep.equal([
      'shard-3 leaves the ring with 12 keys without the prefix "pcs:", which no migration moves. Next: move or delete ' +
        "them by hand before the shard is removed.",
    ]);
  });

  it("big keys from 1 MiB on", () => {
    const biggest = [
      { shard: "shard-1", key: "pcs:big", bytes: 50 * MIB, ...STRING },
      { shard: "shard-1", key: "pcs:just", bytes: BIG_KEY_BYTES, ...STRING },
      { shard: "shard-1", key: "pcs:under", bytes: BIG_KEY_BYTES - 1, ...STRING },
    ];
    const tail = "Next: nothing if clients can wait that long; otherwise copy in a quiet hour.";
    expect(planWarnings({ ...shrink, census: [shardCensus("shard-1", { biggest })] })).to.deep.equal([
      `shard-1 holds a big key, pcs:big (50.0 MiB): if it moves, copying it stalls the shard for about 317 ms or more. ${tail}`,
      `shard-1 holds a big key, pcs:just (1.0 MiB): if it moves, copying it stalls the shard for about 7 ms or more. ${tail}`,
    ]);
  });
});
