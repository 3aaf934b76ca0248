import { expect } from "chai";
import { judge, type Submission } from "../../lab/load/judge";

const LONG = 1_000_000;

const first = (claimId: string, sentMs: number, ttlMs = LONG): Submission => ({
  claimId,
  sentMs,
  answeredMs: sentMs + 10,
  ttlMs,
  outcome: "first",
  stored: claimId,
});
const duplicate = (claimId: string, sentMs: number, stored: string, ttlMs = LONG): Submission => ({
  ...first(claimId, sentMs, ttlMs),
  outcome: "duplicate",
  stored,
});
const failed = (claimId: string, sentMs: number): Submission => ({
  claimId,
  sentMs,
  answeredMs: sentMs + 10,
  ttlMs: LONG,
  outcome: "error",
});

describe("the judge of what clients were told", () => {
  const verdicts = (...submissions: Submission[]) => judge("id", submissions).map(({ verdict }) => verdict);

  it("finds nothing wrong with one first and duplicates of it, whoever asked first", () => {
    expect(verdicts(duplicate("b", 0, "a"), first("a", 1), duplicate("c", 20, "a"))).to.deep.equal([]);
  });

  it("finds a second first: a miss, once", () => {
    expect(verdicts(first("a", 0), first("b", 100))).to.deep.equal(["miss"]);
    expect(verdicts(first("b", 100), first("a", 0))).to.deep.equal(["miss"]);
  });

  it("finds a second first that was sent at the same moment", () => {
    expect(verdicts(first("a", 0), { ...first("b", 0), answeredMs: 11 })).to.deep.equal(["miss"]);
    expect(verdicts(first("a", 0), first("b", 0))).to.deep.equal(["miss"]);
    expect(verdicts(first("a", 0), first("b", 0), first("c", 0))).to.deep.equal(["miss", "miss"]);
  });

  it("takes a second first for another life when the first may have expired", () => {
    expect(verdicts(first("a", 0, 1_000), first("b", 1_000, 1_000))).to.deep.equal([]);
    expect(verdicts(first("a", 0, 1_000), first("b", 900, 1_000))).to.deep.equal(["miss"]);
  });

  it("finds a value other than the acknowledged one", () => {
    expect(verdicts(first("a", 0), failed("b", 0), duplicate("c", 100, "b"))).to.deep.equal(["divergent"]);
  });

  it("lets a value be told before its own client knows, and after its client gave up", () => {
    expect(verdicts(duplicate("b", 0, "a"), failed("a", 0))).to.deep.equal([]);
  });

  it("finds a value whose own client was told it is a duplicate", () => {
    expect(verdicts(duplicate("a", 0, "b"), duplicate("b", 0, "a"))).to.deep.equal(["nobody first", "nobody first"]);
  });

  it("lets a value be told whose client learned too late that it was first", () => {
    const late = { ...duplicate("a", 0, "c", 1_000), answeredMs: 20_000 };
    expect(verdicts(late, duplicate("b", 500, "a", 1_000), first("c", 19_000, 1_000))).to.deep.equal([]);
  });

  it("finds a value that nobody submitted", () => {
    expect(verdicts(first("a", 0), duplicate("b", 100, "z"))).to.deep.equal(["unknown value"]);
  });

  it("finds a value that came back after its end", () => {
    expect(verdicts(first("a", 0, 1_000), duplicate("b", 1_061, "a"))).to.deep.equal(["unknown value"]);
    expect(verdicts(first("a", 0, 1_000), duplicate("b", 1_050, "a"))).to.deep.equal([]);
  });

  it("says who was told what", () => {
    const [finding, ...others] = judge("id", [first("a", 0), first("b", 100)]);
    expect(others).to.deep.equal([]);
    expect(finding).to.deep.equal({
      verdict: "miss",
      atMs: 110,
      text:
        "id: miss: b first (100 to 110, for 1000000 ms); " +
        "all: a first (0 to 10, for 1000000 ms), b first (100 to 110, for 1000000 ms)",
    });
  });
});
