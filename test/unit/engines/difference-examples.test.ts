import { expect } from "chai";
import {
  describeDifference,
  DifferenceExamples,
  type FoundDifference,
} from "../../../migration/engines/steps/difference-examples";
import { ABSENT } from "../../../migration/engines/shard-store";

const HASH = "0123456789".repeat(4);
const string = { fingerprint: HASH, expiresAtMs: -1 };
const difference = (given: Partial<FoundDifference> = {}): FoundDifference => ({
  ...{ key: Buffer.from("pcs:k"), primary: "a", secondary: "b", mine: string, other: ABSENT, staysDifferent: false },
  ...given,
});

describe("keys that a verify found to differ", () => {
  const zset = { fingerprint: "zset:1:2:3", expiresAtMs: 1_000 };
  const CASES: readonly [string, Partial<FoundDifference>, string][] = [
    ["missing", {}, "pcs:k (string), which a has and b has not"],
    ["extra", { mine: ABSENT, other: zset }, "pcs:k (zset), which b has and a has not"],
    [
      "another value",
      { other: { ...string, fingerprint: "hash@0:1:2:3" } },
      "pcs:k (string), of which a and b differ in its value",
    ],
    [
      "missing, a hash",
      { mine: { ...string, fingerprint: "hash@17:1:2:3" } },
      "pcs:k (hash), which a has and b has not",
    ],
    [
      "another expiry",
      { mine: zset, other: { ...zset, expiresAtMs: -1 } },
      "pcs:k (zset), of which a and b differ in its expiry (1970-01-01T00:00:01.000Z and none)",
    ],
    [
      "both, and an expiry beyond all dates",
      { mine: zset, other: { fingerprint: "zset:1:2:4", expiresAtMs: 1e17 } },
      "pcs:k (zset), of which a and b differ in its value and its expiry (1970-01-01T00:00:01.000Z and 100000000000000000 ms)",
    ],
    [
      "a fingerprint of another kind, and bytes",
      { key: Buffer.from([0x70, 0]), mine: { ...string, fingerprint: "?" } },
      "p\\x00 (value), which a has and b has not",
    ],
  ];
  for (const [name, given, said] of CASES) {
    it(`are described: ${name}`, () => expect(describeDifference(difference(given))).to.equal(said));
  }

  const named = (name: string, staysDifferent = false) => difference({ key: Buffer.from(name), staysDifferent });
  const shown = (examples: DifferenceExamples) =>
    [...examples.examples().matchAll(/(\S+) \(string\)/g)].map(([, key]) => key);

  it("are five at most, those that stay different first, and of the last pass only", () => {
    const examples = new DifferenceExamples();
    expect(examples.examples()).to.equal("");
    for (const name of ["1", "2", "3", "4", "5", "6"]) examples.note(named(name));
    expect(shown(examples)).to.deep.equal(["1", "2", "3", "4", "5"]);
    expect(examples.cause()).to.match(/^Something writes to one ring only/);
    examples.note(named("7", true));
    expect(shown(examples)).to.have.members(["2", "3", "4", "5", "7"]);
    expect(examples.cause()).to.match(/^Keys that differ right after their repair are no writer's doing/);
    examples.forget();
    expect(examples.examples()).to.equal("");
    expect(examples.cause()).to.match(/^Something writes to one ring only/);
  });
});
