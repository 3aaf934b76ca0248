import { expect } from "chai";
import { LONGEST_SHORT_TTL_MS, Mix } from "../../lab/load/mix";

const ARRIVALS = 20_000;
const KNOWN = ["known-0", "known-1"];
const draw = (seed: string) => {
  const mix = new Mix(seed, KNOWN);
  return Array.from({ length: ARRIVALS }, () => mix.next());
};

describe("the mix of submissions", () => {
  const arrivals = draw("s");
  const claims = arrivals.flat();

  it("is the same for the same seed, and another for another", () => {
    expect(draw("s")).to.deep.equal(arrivals);
    expect(draw("t")).to.not.deep.equal(arrivals);
  });

  it("never uses a claim id twice", () => {
    expect(new Set(claims.map(({ claimId }) => claimId)).size).to.equal(claims.length);
  });

  it("submits new ids, known ones again, and some at the same moment through connections of their own", () => {
    const ids = new Set(claims.map(({ pcsId }) => pcsId));
    expect(ids.size)
      .to.be.greaterThan(0.3 * ARRIVALS)
      .and.lessThan(0.7 * ARRIVALS);
    expect(claims.filter(({ pcsId }) => KNOWN.includes(pcsId)).length).to.be.greaterThan(0);
    const atOnce = arrivals.filter((arrival) => arrival.length > 1);
    expect(atOnce.length / ARRIVALS).to.be.closeTo(0.08, 0.02);
    for (const arrival of atOnce) {
      expect(arrival).to.have.lengthOf(3);
      expect(new Set(arrival.map(({ pcsId }) => pcsId)).size).to.equal(1);
      expect(arrival.every(({ alone }) => alone)).to.equal(true);
    }
  });

  it("gives an id that does not live long the same life each time", () => {
    const lives = new Map<string, Set<number>>();
    for (const { pcsId, ttlMs } of claims) {
      if (ttlMs === undefined) continue;
      expect(ttlMs).to.be.within(1_000, LONGEST_SHORT_TTL_MS);
      lives.set(pcsId, (lives.get(pcsId) ?? new Set()).add(ttlMs));
    }
    expect(lives.size).to.be.greaterThan(40);
    expect([...lives.values()].every(({ size }) => size === 1)).to.equal(true);
  });
});
