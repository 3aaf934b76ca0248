import { expect } from "chai";
import { withoutCopies } from "../../../migration/plan/census";
import { placementProblems } from "../../../migration/plan/placement";
import { shardCensus } from "./fixtures";

const of = (keys: number, misplaced: number, otherKeys = 0) => [
  shardCensus("a", { keys: keys - 100, misplaced }),
  shardCensus("b", { keys: 100, otherKeys }),
];

describe("the placement of the keys", () => {
  it("has no problem up to one key in a hundred", () => {
    expect(placementProblems(of(10_000, 0), "pcs:")).to.deep.equal([]);
    expect(placementProblems(of(10_000, 100), "pcs:")).to.deep.equal([]);
    expect(placementProblems(of(10_000, 101), "pcs:")).to.have.length(1);
  });

  it("says the share, the likely causes and the next step", () => {
    expect(placementProblems(of(1_000, 246), "pcs:")[0]).to.match(
      /^246 of the 1,000 keys with the prefix "pcs:" \(24\.60 %\) lie on shards .* Likely causes: another vnodes .* Next: /,
    );
  });

  it("is not judged by a handful of keys", () => {
    expect(placementProblems(of(100, 10), "pcs:")).to.deep.equal([]);
    expect(placementProblems([shardCensus("a", { otherKeys: 10 })], "pcs:")).to.deep.equal([]);
    expect(placementProblems([], "pcs:")).to.deep.equal([]);
  });

  it("asks whether the prefix is right when no key has it", () => {
    expect(placementProblems([shardCensus("a", { otherKeys: 11 })], "x:")[0]).to.match(
      /^none of the 11 keys .* "x:"\./,
    );
    expect(placementProblems(of(101, 0, 5_000), "pcs:")).to.deep.equal([]);
  });

  it("leaves out copies that a migration has made", () => {
    const census = shardCensus("a", {
      ...{ keys: 100, misplaced: 30, copies: { keys: 28, bytes: 9 } },
      misplacedExamples: ["stray 1", "stray 2", "copy 1", "copy 2"],
    });
    expect(withoutCopies(census)).to.deep.equal({
      ...census,
      ...{ keys: 72, misplaced: 2, misplacedExamples: ["stray 1", "stray 2"], copies: { keys: 0, bytes: 0 } },
    });
  });
});
