import { expect } from "chai";
import { compare, extras, laterClock } from "../../../migration/engines/compare";
import type { KeyState } from "../../../migration/engines/shard-store";

const NOW = 1_000_000;
const TOLERANCE = 1_000;
const DAY = 86_400_000;
const ABSENT: KeyState = { fingerprint: "", expiresAtMs: -2 };
const key = (fingerprint: string, expiresAtMs = -1): KeyState => ({ fingerprint, expiresAtMs });

describe("compare", () => {
  for (const [what, primary, secondary, expected] of [
    ["equal without expiry", key("v"), key("v"), undefined],
    ["equal with expiry", key("v", NOW + DAY), key("v", NOW + DAY), undefined],
    ["absent on both", ABSENT, ABSENT, undefined],
    ["absent on the primary", ABSENT, key("v"), undefined],
    ["absent on the secondary", key("v"), ABSENT, "missing"],
    ["absent on the secondary, with expiry", key("v", NOW + DAY), ABSENT, "missing"],
    ["other value", key("v"), key("w"), "different"],
    ["other value, same expiry", key("v", NOW + DAY), key("w", NOW + DAY), "different"],
    ["expiry within the tolerance", key("v", NOW + DAY), key("v", NOW + DAY + TOLERANCE), undefined],
    ["expiry within the tolerance, earlier", key("v", NOW + DAY), key("v", NOW + DAY - TOLERANCE), undefined],
    ["expiry beyond the tolerance", key("v", NOW + DAY), key("v", NOW + DAY + TOLERANCE + 1), "different"],
    ["expiry beyond the tolerance, earlier", key("v", NOW + DAY), key("v", NOW + DAY - TOLERANCE - 1), "different"],
    ["expiry on the primary only", key("v", NOW + DAY), key("v"), "different"],
    ["expiry on the secondary only", key("v"), key("v", NOW + DAY), "different"],
    ["expired on the primary", key("v", NOW - 1), ABSENT, undefined],
    ["about to expire on the primary", key("v", NOW + 1_000), key("w"), undefined],
    ["soon to expire on the primary", key("v", NOW + 1_001), ABSENT, "missing"],
  ] as const) {
    it(`${what}: ${expected ?? "nothing to do"}`, () => {
      expect(compare(primary, secondary, NOW, TOLERANCE)).to.equal(expected);
    });
  }

  it("with no tolerance a millisecond counts", () => {
    expect(compare(key("v", NOW + DAY), key("v", NOW + DAY), NOW, 0)).to.equal(undefined);
    expect(compare(key("v", NOW + DAY), key("v", NOW + DAY + 1), NOW, 0)).to.equal("different");
  });
});

describe("extras", () => {
  it("are the keys that only the holder has, those about to expire left out", () => {
    const holder = {
      nowMs: NOW,
      states: [key("v"), key("v"), ABSENT, key("v", NOW + 900), key("v", NOW + DAY), key("v", NOW - 1)],
    };
    const other = { nowMs: NOW - 50, states: [key("v"), ABSENT, ABSENT, ABSENT, ABSENT, ABSENT] };
    expect(extras(holder, other)).to.deep.equal([1, 4]);
  });

  it("judge expiry by the later clock", () => {
    const holder = { nowMs: NOW, states: [key("v", NOW + 1_500)] };
    expect(extras(holder, { nowMs: NOW, states: [ABSENT] })).to.deep.equal([0]);
    expect(extras(holder, { nowMs: NOW + 600, states: [ABSENT] })).to.deep.equal([]);
    expect(laterClock({ nowMs: 1, states: [] }, { nowMs: 2, states: [] })).to.equal(2);
  });
});
