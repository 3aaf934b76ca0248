import { expect } from "chai";
import * as fc from "fast-check";
import type { DigestInput } from "../../../migration/plan/digest";
import { digestDifferences, keyMagnitude, planDigest } from "../../../migration/plan/digest";
import { FOUR, growingCensus, mover, shardCensus, THREE } from "./fixtures";

const input: DigestInput = { current: THREE, target: FOUR, vnodes: 150, keyPrefix: "pcs:" };
const counted: DigestInput = { ...input, census: growingCensus() };

describe("planDigest", () => {
  it("is what it was: later phases of a migration under way compare it", () => {
    expect(planDigest(input)).to.equal("2.ac0156f3.2bd778f1.150.5210c704.uncounted");
    expect(planDigest(counted)).to.equal("2.ac0156f3.2bd778f1.150.5210c704.e5");
  });

  const others: Record<string, DigestInput> = {
    "another vnode count": { ...counted, vnodes: 151 },
    "another prefix": { ...counted, keyPrefix: "pcs" },
    "the way back": { ...counted, current: FOUR, target: THREE },
    "another order of the current ring": { ...counted, current: [...THREE].reverse() },
    "another order of the target ring": { ...counted, target: [...FOUR].reverse() },
    "another target ring": { ...counted, target: [...THREE, "shard-4"] },
    "names that only look the same when joined": { ...counted, current: ["shard-0,shard-1", "shard-2"] },
    "ten times the keys": { ...counted, census: [shardCensus("shard-0", { keys: 2_000_000 })] },
    "no keys at all": { ...counted, census: [] },
    "no census": input,
  };
  it("differs for every other plan", () => {
    const digests = [counted, ...Object.values(others)].map(planDigest);
    expect(new Set(digests).size).to.equal(digests.length);
  });

  it("does not change with the order of the census, with more writes, or with copies made meanwhile", () => {
    const [zero, ...rest] = growingCensus();
    const written = { ...zero!, keys: zero!.keys + 1234, edges: [mover("shard-0", "shard-3", 20_300)] };
    const copied = shardCensus("shard-3", { keys: 50_000, misplaced: 50_000 });
    expect(planDigest({ ...counted, census: [...growingCensus()].reverse() })).to.equal(planDigest(counted));
    expect(planDigest({ ...counted, census: [written, ...rest] })).to.equal(planDigest(counted));
    expect(planDigest({ ...counted, census: [zero!, ...rest.slice(0, 2), copied] })).to.equal(planDigest(counted));
  });

  it("has a part for each that may differ, and is deterministic", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string()),
        fc.array(fc.string()),
        fc.nat(),
        fc.string(),
        (current, target, vnodes, keyPrefix) => {
          const digest = planDigest({ current, target, vnodes, keyPrefix });
          expect(digest).to.match(/^2\.[0-9a-f]{8}\.[0-9a-f]{8}\.\d+\.[0-9a-f]{8}\.uncounted$/);
          expect(planDigest({ keyPrefix, vnodes, target: [...target], current: [...current] })).to.equal(digest);
        },
      ),
    );
  });
});

describe("what two digests differ in", () => {
  const digest = (change: Partial<DigestInput> = {}) => planDigest({ ...counted, ...change });
  const cases: readonly (readonly [Partial<DigestInput>, readonly string[]])[] = [
    [{}, []],
    [{ current: [...THREE].reverse() }, ["the current ring"]],
    [{ target: [...THREE, "shard-4"] }, ["the target ring"]],
    [{ vnodes: 128 }, ["vnodes (128, not 150)"]],
    [{ keyPrefix: "" }, ["keyPrefix"]],
    [
      { census: [shardCensus("shard-0", { keys: 20_000_000 })] },
      ["how many keys there are (about 10^7, not about 10^5)"],
    ],
    [{ census: [] }, ["how many keys there are (none, not about 10^5)"]],
    [{ current: FOUR, target: THREE, vnodes: 1 }, ["the current ring", "the target ring", "vnodes (1, not 150)"]],
  ];
  for (const [change, expected] of cases) {
    it(`is ${expected.join(", ") || "nothing for one plan"}`, () => {
      expect(digestDifferences(digest(), digest(change))).to.deep.equal(expected);
    });
  }

  it("is not how many keys there are, while one of them does not say", () => {
    expect(digestDifferences(digest(), planDigest(input))).to.deep.equal([]);
    expect(digestDifferences(planDigest(input), digest())).to.deep.equal([]);
  });

  it("is the version for one of another version", () => {
    expect(digestDifferences(digest().replace(/^2/, "3"), digest())).to.deep.equal(["the digest's version"]);
  });
});

describe("keyMagnitude", () => {
  it("is the nearest power of ten", () => {
    expect([0, 1, 3, 4, 200_000, 316_227, 316_228, 1_000_000].map(keyMagnitude)).to.deep.equal([
      null,
      0,
      0,
      1,
      5,
      5,
      6,
      6,
    ]);
  });
});
