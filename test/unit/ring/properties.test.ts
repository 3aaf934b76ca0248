import { expect } from "chai";
import * as fc from "fast-check";
import { HashRing } from "../../../migration/ring/ring";
import { HASH_SPACE, shardShares } from "../../../migration/ring/share";
import { NaiveRouter } from "./naive-router";

const names = (maxLength: number) =>
  fc.uniqueArray(fc.string({ unit: "binary", minLength: 1, maxLength: 8 }), { minLength: 2, maxLength });
const vnodes = fc.integer({ min: 1, max: 40 });
const key = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
const keys = fc.array(key, { minLength: 1, maxLength: 30 });

describe("HashRing properties", () => {
  it("agrees with the naive router for any names, vnodes and keys", () => {
    fc.assert(
      fc.property(names(6), vnodes, keys, (shards, count, some) => {
        const ring = new HashRing(shards, count);
        const naive = new NaiveRouter(shards, count);
        for (const one of some) expect(ring.ownerOf(one)).to.equal(naive.pick(one));
      }),
    );
  });

  it("is deterministic: the same names make the same ring", () => {
    fc.assert(
      fc.property(names(6), vnodes, keys, (shards, count, some) => {
        const [one, other] = [new HashRing(shards, count), new HashRing([...shards], count)];
        for (const k of some) expect(one.ownerOf(k)).to.equal(other.ownerOf(k));
      }),
    );
  });

  it("the order of the names matters for collisions only", () => {
    fc.assert(
      fc.property(names(6), vnodes, keys, (shards, count, some) => {
        const [one, other] = [new HashRing(shards, count), new HashRing([...shards].reverse(), count)];
        fc.pre(one.points.length === shards.length * count);
        for (const k of some) expect(one.ownerOf(k)).to.equal(other.ownerOf(k));
      }),
    );
  });

  it("adding a shard moves keys to that shard only", () => {
    fc.assert(
      fc.property(names(6), vnodes, keys, (shards, count, some) => {
        const [small, large] = [new HashRing(shards.slice(0, -1), count), new HashRing(shards, count)];
        for (const k of some) expect(large.ownerOf(k)).to.be.oneOf([small.ownerOf(k), shards[shards.length - 1]]);
      }),
    );
  });

  it("removing a shard, wherever it stands, moves its own keys only", () => {
    fc.assert(
      fc.property(names(6), vnodes, keys, fc.nat(), (shards, count, some, seed) => {
        const removed = shards[seed % shards.length]!;
        const before = new HashRing(shards, count);
        const after = new HashRing(
          shards.filter((shard) => shard !== removed),
          count,
        );
        for (const k of some) {
          if (before.ownerOf(k) !== removed) expect(after.ownerOf(k)).to.equal(before.ownerOf(k));
        }
      }),
    );
  });

  it("is balanced: with 150 vnodes no shard owns less than 0.6 or more than 1.5 fair shares", () => {
    // One share has a standard deviation of about 1/√150 ≈ 8 % of itself: these bounds are five of them away.
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 16 }), fc.string({ maxLength: 5 }), (count, prefix) => {
        const ring = new HashRing(Array.from({ length: count }, (_, i) => `${prefix}${i}`));
        for (const { size } of shardShares(ring)) expect((size * count) / HASH_SPACE).to.be.within(0.6, 1.5);
      }),
      { numRuns: 50 },
    );
  });
});
