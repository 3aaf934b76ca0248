import { expect } from "chai";
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HashRing } from "../../../migration/ring/ring";
import { edgeShares, HASH_SPACE, movedFraction, shardShares } from "../../../migration/ring/share";
import { NaiveRouter } from "./naive-router";

const sum = (sizes: readonly { readonly size: number }[]) => sizes.reduce((total, { size }) => total + size, 0);

/** Each shard's size, counted the slow way from the naive router's list. */
function naiveSizes(shards: readonly string[], vnodes: number): Record<string, number> {
  const naive = new NaiveRouter(shards, vnodes);
  const sizes: Record<string, number> = Object.fromEntries(shards.map((shard) => [shard, 0]));
  naive.ring.forEach((point, i) => {
    sizes[naive.at(point)]! +=
      i === 0 ? point + HASH_SPACE - naive.ring[naive.ring.length - 1]! : point - naive.ring[i - 1]!;
  });
  return sizes;
}

/** Two lists of names that may overlap, and a vnode count; the rings are built inside, so that reports stay short. */
const namesAndVnodes = fc
  .tuple(
    fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 8 }),
    fc.nat(),
    fc.nat(),
    fc.integer({ min: 1, max: 30 }),
  )
  .map(([names, a, b, vnodes]) => ({
    currentNames: names.slice(0, 1 + (a % names.length)),
    targetNames: names.slice(b % names.length),
    vnodes,
  }));

function ringsOf(given: { currentNames: readonly string[]; targetNames: readonly string[]; vnodes: number }) {
  return {
    current: new HashRing(given.currentNames, given.vnodes),
    target: new HashRing(given.targetNames, given.vnodes),
  };
}

describe("shardShares", () => {
  it("of one shard is the whole hash space", () => {
    expect(shardShares(new HashRing(["only"], 1))).to.deep.equal([{ shard: "only", size: HASH_SPACE, fraction: 1 }]);
    expect(shardShares(new HashRing(["only"]))).to.deep.equal([{ shard: "only", size: HASH_SPACE, fraction: 1 }]);
  });

  it("lists a shard that lost its only vnode to a later one, with nothing", () => {
    expect(shardShares(new HashRing(["node-25147", "node-49019"], 1))).to.deep.equal([
      { shard: "node-25147", size: 0, fraction: 0 },
      { shard: "node-49019", size: HASH_SPACE, fraction: 1 },
    ]);
  });

  it("agrees with the naive router's list", () => {
    for (const [count, vnodes] of [
      [3, 150],
      [4, 150],
      [16, 10],
      [2, 1],
    ] as const) {
      const names = Array.from({ length: count }, (_, i) => `shard-${i}`);
      const sizes = Object.fromEntries(shardShares(new HashRing(names, vnodes)).map((s) => [s.shard, s.size]));
      expect(sizes).to.deep.equal(naiveSizes(names, vnodes));
    }
  });

  it("predicts the production router's counts over 100,000 keys within 4.5 standard deviations", () => {
    const file = readFileSync(join(__dirname, "../../vectors/ring-vectors.json"), "utf8");
    for (const { vnodes, shards, countsOver100kKeys } of JSON.parse(file) as readonly {
      vnodes: number;
      shards: readonly string[];
      countsOver100kKeys: Record<string, number>;
    }[]) {
      for (const { shard, fraction } of shardShares(new HashRing(shards, vnodes))) {
        const deviation = Math.sqrt(100_000 * fraction * (1 - fraction));
        expect(countsOver100kKeys[shard]).to.be.closeTo(100_000 * fraction, 4.5 * deviation);
      }
    }
  });

  it("adds up to the hash space, for any ring", () => {
    fc.assert(
      fc.property(namesAndVnodes, (given) => {
        expect(sum(shardShares(ringsOf(given).current))).to.equal(HASH_SPACE);
      }),
    );
  });
});

describe("edgeShares", () => {
  const three = new HashRing(["shard-0", "shard-1", "shard-2"]);
  const four = new HashRing(["shard-0", "shard-1", "shard-2", "shard-3"]);

  it("from three shards to four: one edge from each to the new one, and back the same reversed", () => {
    const grow = edgeShares(three, four);
    const shrink = edgeShares(four, three);
    expect(grow.map(({ from, to }) => `${from} → ${to}`)).to.deep.equal([
      "shard-0 → shard-3",
      "shard-1 → shard-3",
      "shard-2 → shard-3",
    ]);
    expect(sum(grow)).to.equal(shardShares(four)[3]!.size);
    expect(shrink.map(({ from, to, size }) => ({ from: to, to: from, size }))).to.deep.equal(
      grow.map(({ from, to, size }) => ({ from, to, size })),
    );
    expect(movedFraction(grow)).to.equal(shardShares(four)[3]!.fraction);
  });

  it("between two rings of the same shards there is none", () => {
    expect(edgeShares(three, new HashRing(three.shards))).to.deep.equal([]);
    expect(movedFraction([])).to.equal(0);
  });

  it("a replacement moves the whole hash space", () => {
    const other = new HashRing(["shard-3", "shard-4", "shard-5"]);
    expect(sum(edgeShares(three, other))).to.equal(HASH_SPACE);
    expect(movedFraction(edgeShares(three, other))).to.equal(1);
  });

  it("tells another vnode count from the same ring", () => {
    expect(movedFraction(edgeShares(three, new HashRing(three.shards, 100)))).to.be.within(0.01, 0.67);
  });

  it("what a shard gains less what it loses is the difference of its shares, for any two rings", () => {
    fc.assert(
      fc.property(namesAndVnodes, (given) => {
        const { current, target } = ringsOf(given);
        const difference = new Map<string, number>();
        const add = (shard: string, size: number) => difference.set(shard, (difference.get(shard) ?? 0) + size);
        shardShares(current).forEach(({ shard, size }) => add(shard, size));
        for (const { from, to, size } of edgeShares(current, target)) {
          add(from, -size);
          add(to, size);
        }
        shardShares(target).forEach(({ shard, size }) => add(shard, -size));
        expect([...difference.values()].every((size) => size === 0)).to.be.true;
      }),
    );
  });

  it("has no edge to itself, none without a share, none twice, and no key off its edges", () => {
    fc.assert(
      fc.property(namesAndVnodes, fc.array(fc.string(), { maxLength: 20 }), (given, keys) => {
        const { current, target } = ringsOf(given);
        const edges = edgeShares(current, target);
        expect(edges.every(({ from, to, size }) => from !== to && size > 0)).to.be.true;
        const names = edges.map(({ from, to }) => JSON.stringify([from, to]));
        expect(new Set(names).size).to.equal(names.length);
        for (const key of keys) {
          const [from, to] = [current.ownerOf(key), target.ownerOf(key)];
          if (from !== to) expect(names).to.include(JSON.stringify([from, to]));
        }
      }),
    );
  });
});
