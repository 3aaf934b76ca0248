import { expect } from "chai";
import { Progress, seconds } from "../../../migration/engines/progress";
import { formatCount as count } from "../../../migration/plan/format";
import { FakeClock } from "./fakes";

describe("Progress", () => {
  let clock: FakeClock;
  let lines: string[];
  beforeEach(() => {
    clock = new FakeClock();
    lines = [];
  });
  const progress = (total: number) => new Progress("pre-copy", total, clock, (line) => void lines.push(line));

  it("says nothing in the first five seconds, then a line every five", () => {
    const told = progress(10_000);
    clock.pass(4_999);
    told.add(100);
    expect(lines).to.deep.equal([]);
    clock.pass(1);
    told.add(900);
    clock.pass(4_000);
    told.add(1_000);
    clock.pass(1_000);
    told.add(1_000);
    expect(lines).to.deep.equal([
      "pre-copy: 1,000 of about 10,000 keys (10 %), 200 keys/s, 45s left",
      "pre-copy: 3,000 of about 10,000 keys (30 %), 300 keys/s, 24s left",
    ]);
  });

  it("leaves the total out where nobody knows it, or it was too low", () => {
    const told = progress(0);
    clock.pass(5_000);
    told.add(50);
    expect(lines).to.deep.equal(["pre-copy: 50 keys, 10 keys/s"]);
  });

  it("has an end at the total", () => {
    const told = progress(50);
    clock.pass(5_000);
    told.add(50);
    expect(lines).to.deep.equal(["pre-copy: 50 of about 50 keys (100 %), 10 keys/s, 0s left"]);
  });

  it("counts what an earlier run did, but not into the rate", () => {
    const told = progress(10_000);
    told.skip(5_000);
    clock.pass(5_000);
    told.add(1_000);
    expect(lines).to.deep.equal(["pre-copy: 6,000 of about 10,000 keys (60 %), 200 keys/s, 20s left"]);
  });

  it("takes back what must be done once more", () => {
    const told = progress(10_000);
    told.skip(5_000);
    told.skip(-4_000);
    clock.pass(5_000);
    told.add(1_000);
    expect(lines).to.deep.equal(["pre-copy: 2,000 of about 10,000 keys (20 %), 200 keys/s, 40s left"]);
  });

  for (const [value, text] of [
    [0, "0s"],
    [0.2, "1s"],
    [59, "59s"],
    [59.5, "1m 0s"],
    [60, "1m 0s"],
    [200, "3m 20s"],
    [7_322, "122m 2s"],
  ] as const) {
    it(`writes ${value} seconds as ${text}`, () => expect(seconds(value)).to.equal(text));
  }

  it("writes thousands with separators", () => expect(count(1_234_567)).to.equal("1,234,567"));
});
