import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { moversOnPrimary, sourcesOf } from "../../../migration/engines/route";
import { HashRing } from "../../../migration/ring/ring";

const names = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
const ringOf = (numbers: readonly number[]) => new HashRing(numbers.map((i) => `shard-${i}`));
const KEYS = Array.from({ length: 500 }, (_, i) => Buffer.from(createHash("sha256").update(`${i}`).digest("hex")));

describe("the shards to scan for movers", () => {
  const cases: readonly (readonly [string, readonly number[], readonly number[], readonly string[]])[] = [
    ["all of a ring that grows", [0, 1, 2], [0, 1, 2, 3], ["shard-0", "shard-1", "shard-2"]],
    ["the one that a ring loses", [0, 1, 2, 3], [0, 1, 2], ["shard-3"]],
    ["all of a ring in which one is replaced", [0, 1], [2, 1], ["shard-0", "shard-1"]],
    ["none of a ring that stays", [0, 1, 2], [0, 1, 2], []],
  ];
  for (const [name, from, to, expected] of cases) {
    it(`are ${name}`, () => expect(sourcesOf(ringOf(from), ringOf(to))).to.deep.equal(expected));
  }

  it("hold every mover, for any two rings", () => {
    fc.assert(
      fc.property(names, names, (from, to) => {
        const [primary, secondary] = [ringOf(from), ringOf(to)];
        const route = moversOnPrimary({ current: primary, target: secondary, keyPrefix: "" }, { primary, secondary });
        const owners = KEYS.map((key) => ({ key, owner: primary.ownerOf(key) }));
        const found = owners.filter(({ key, owner }) => route(key, owner) !== undefined).map(({ owner }) => owner);
        expect(sourcesOf(primary, secondary)).to.include.members([...new Set(found)]);
      }),
    );
  });
});
