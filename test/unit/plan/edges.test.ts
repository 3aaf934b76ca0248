import { expect } from "chai";
import * as fc from "fast-check";
import { describeEdges, describeMovement, estimateEdges } from "../../../migration/plan/edges";
import { HashRing } from "../../../migration/ring/ring";
import { HASH_SPACE, shardShares } from "../../../migration/ring/share";
import { FOUR, THREE } from "./fixtures";

const three = new HashRing(THREE);
const four = new HashRing(FOUR);
const counts = { "shard-0": 70_000, "shard-1": 60_000, "shard-2": 70_000 };

describe("the edges in a preview", () => {
  it("show shares alone when no shard could be asked", () => {
    expect(describeEdges(estimateEdges(three, four))).to.deep.equal({
      "shard-0 → shard-3": "8.85 % of the keyspace",
      "shard-1 → shard-3": "7.94 % of the keyspace",
      "shard-2 → shard-3": "10.28 % of the keyspace",
    });
    expect(describeMovement(estimateEdges(three, four))).to.equal("27.08 % of the keyspace moves over 3 edges");
  });

  it("show about how many keys that is when the shards' counts are known", () => {
    expect(describeEdges(estimateEdges(three, four, counts))).to.deep.equal({
      "shard-0 → shard-3": "8.85 % of the keyspace, about 17,904 keys",
      "shard-1 → shard-3": "7.94 % of the keyspace, about 16,221 keys",
      "shard-2 → shard-3": "10.28 % of the keyspace, about 19,984 keys",
    });
    expect(describeMovement(estimateEdges(three, four, counts))).to.equal(
      "27.08 % of the keyspace, about 54,109 keys, moves over 3 edges",
    );
  });

  it("show the counts that are known, and no total of a part", () => {
    const edges = estimateEdges(three, four, { "shard-1": 60_000 });
    expect(edges.map(({ keys }) => keys === undefined)).to.deep.equal([true, false, true]);
    expect(edges[0]).to.not.have.property("keys");
    expect(describeMovement(edges)).to.equal("27.08 % of the keyspace moves over 3 edges");
  });

  it("show an edge without keys, and a single edge, in good grammar", () => {
    const edges = estimateEdges(new HashRing(["a"]), new HashRing(["b"]), { a: 0 });
    expect(describeEdges(edges)).to.deep.equal({ "a → b": "100.00 % of the keyspace, about 0 keys" });
    expect(describeMovement(edges)).to.equal("100.00 % of the keyspace, about 0 keys, moves over 1 edge");
  });

  it("say so when nothing moves", () => {
    expect(describeEdges(estimateEdges(three, three, counts))).to.deep.equal({});
    expect(describeMovement([])).to.equal("nothing moves: every key has the same owner in both rings");
  });

  it("a replaced shard sends all its keys, to within a rounding per edge", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), fc.integer({ min: 1, max: 60 }), (keys, vnodes) => {
        const edges = estimateEdges(new HashRing(["a"], vnodes), new HashRing(["b", "c", "d"], vnodes), { a: keys });
        const total = edges.reduce((sum, edge) => sum + edge.keys!, 0);
        expect(total).to.be.closeTo(keys, edges.length / 2);
      }),
    );
  });

  it("an estimate is never more than the source's keys", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), fc.integer({ min: 1, max: 16 }), (keys, shards) => {
        const current = new HashRing(
          Array.from({ length: shards }, (_, i) => `s${i}`),
          20,
        );
        const target = new HashRing([...current.shards, "new"], 20);
        const owned = new Map(shardShares(current).map(({ shard, size }) => [shard, size / HASH_SPACE]));
        for (const edge of estimateEdges(current, target, Object.fromEntries(current.shards.map((s) => [s, keys])))) {
          expect(edge.keys).to.be.within(0, keys);
          expect(edge.fraction).to.be.at.most(owned.get(edge.from)!);
        }
      }),
    );
  });
});
