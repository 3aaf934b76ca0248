import { expect } from "chai";
import { assertCensusFits, CensusError, servedKeys } from "../../../migration/plan/census";
import { FOUR, growingCensus, mover, shardCensus, THREE } from "./fixtures";

const rings = { current: THREE, target: FOUR, vnodes: 150 };

describe("a census that does not fit the rings", () => {
  const [zero, one, two, three] = growingCensus() as [
    ReturnType<typeof shardCensus>,
    ReturnType<typeof shardCensus>,
    ReturnType<typeof shardCensus>,
    ReturnType<typeof shardCensus>,
  ];
  const next = "Next: count the shards again with the rings of this plan.";
  const cases = [
    { census: [zero, one, two, three, one], problem: "shard-1 is counted twice" },
    { census: [zero, two, three], problem: "shard-1 is in the current ring but was not counted" },
    {
      census: [zero, { ...one, edges: [mover("shard-0", "shard-3", 5)] }, two],
      problem: "shard-1 reports movers of shard-0 → shard-3",
    },
    {
      census: [zero, { ...one, edges: [mover("shard-1", "shard-2", 5000)] }, two],
      problem: "5,000 keys on shard-1 → shard-2, which is no edge",
    },
  ];
  for (const { census, problem } of cases) {
    it(`is refused: ${problem}`, () => {
      expect(() => assertCensusFits(rings, census))
        .to.throw(CensusError)
        .with.property("message", `the census does not fit the rings: ${problem}. ${next}`);
    });
  }

  it("target shards may be missing, and an edge without keys may be anything", () => {
    expect(() =>
      assertCensusFits(rings, [zero, { ...one, edges: [mover("shard-1", "shard-2", 0)] }, two]),
    ).to.not.throw();
  });
});

describe("servedKeys", () => {
  it("counts what lies on its owner in the current ring", () => {
    const census = [shardCensus("a", { keys: 10, misplaced: 3 }), shardCensus("b", { keys: 5, misplaced: 5 })];
    expect(servedKeys(["a"], census)).to.equal(7);
    expect(servedKeys(["a", "b"], census)).to.equal(7);
    expect(servedKeys([], census)).to.equal(0);
  });
});
