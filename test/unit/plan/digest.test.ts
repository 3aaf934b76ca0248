import { expect } from "chai";
import * as fc from "fast-check";
import type { DigestInput } from "../../../migration/plan/digest";
import { keyMagnitude, planDigest } from "../../../migration/plan/digest";
import { FOUR, growingCensus, mover, shardCensus, THREE } from "./fixtures";

const input: DigestInput = { current: THREE, target: FOUR, vnodes: 150, keyPrefix: "pcs:" };
const counted: DigestInput = { ...input, census: growingCensus() };

describe("planDigest", () => {
  it("is what it was: later phases of a migration under way compare it", () => {
    expect(planDigest(input)).to.equal("dd1721f67be6d465");
    expect(planDigest(counted)).to.equal("27b74ab9476568fe");
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

  it("is 16 hex digits and deterministic", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string()),
        fc.array(fc.string()),
        fc.nat(),
        fc.string(),
        (current, target, vnodes, keyPrefix) => {
          const digest = planDigest({ current, target, vnodes, keyPrefix });
          expect(digest).to.match(/^[0-9a-f]{16}$/);
          expect(planDigest({ keyPrefix, vnodes, target: [...target], current: [...current] })).to.equal(digest);
        },
      ),
    );
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
