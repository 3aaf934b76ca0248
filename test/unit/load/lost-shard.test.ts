import { expect } from "chai";
import { Ledger } from "../../lab/load/ledger";
import { RingKeys } from "../../lab/ring-keys";
import type { Outcome } from "../../lab/load/client";

const RETRY = '503 {"error":"a shard did not show its card"}';
const FOREVER_MS = 14 * 24 * 3_600_000;

describe("what clients were told of a shard that lost its data, and went on", () => {
  let keys: RingKeys;
  let ledger: Ledger;
  beforeEach(() => {
    keys = new RingKeys(() => Promise.reject(new Error("nobody is asked")));
    keys.stored.set("lost-0", { value: JSON.stringify({ claim: "c-0" }), expiresAtMs: FOREVER_MS });
    ledger = new Ledger(keys);
  });

  const enter = (pcsId: string, claimId: string, sentMs: number, outcome: Outcome, answeredMs = sentMs + 10) =>
    ledger.enter({ pcsId, claimId, body: "{}" }, outcome, { sentMs, answeredMs });
  const first = (claimId: string): Outcome => ({
    answer: { answer: "first", stored: { claim_id: claimId } },
    failedTries: [],
  });
  const duplicate = (of: string): Outcome => ({
    answer: { answer: "duplicate", stored: { claim_id: of } },
    failedTries: [],
  });
  const retried: Outcome = { failedTries: [RETRY, RETRY] };
  /** The test's names of ids say which are its own. */
  const LOST = {
    owns: (pcsId: string) => pcsId.startsWith("lost"),
    ...{ emptiedMs: 1_000, decidedMs: 2_000, acceptedMs: 22_000 },
  };
  const giveUp = () => ledger.giveUp(LOST);
  const verdicts = () => ledger.findings().map(({ verdict }) => verdict);

  it("lets its ids be first once more behind the decision, and once only", () => {
    enter("lost-1", "a", 100, first("a"));
    enter("lost-1", "b", 2_100, first("b"));
    enter("lost-1", "c", 2_200, duplicate("b"));
    expect(giveUp()).to.equal(1);
    expect(verdicts()).to.deep.equal([]);
    enter("lost-1", "d", 2_300, first("d"));
    expect(verdicts()).to.deep.equal(["miss"]);
  });

  it("finds an id of another shard that is first once more, and a value that was given up", () => {
    enter("kept", "a", 100, first("a"));
    enter("kept", "b", 2_100, first("b"));
    enter("lost-1", "a", 100, first("a"));
    enter("lost-1", "b", 2_100, duplicate("a"));
    giveUp();
    expect(verdicts()).to.deep.equal(["miss", "unknown value"]);
  });

  it("finds every answer between the loss and the decision, but for those that were under way", () => {
    enter("lost-1", "a", 995, first("a"), 1_005);
    enter("lost-2", "a", 1_005, first("a"));
    enter("lost-1", "b", 1_500, duplicate("a"));
    enter("kept", "a", 1_500, first("a"));
    giveUp();
    expect(verdicts()).to.deep.equal(["answered without data", "unknown value", "answered without data"]);
  });

  it("has clients come again that were told RETRY there, and holds every other one for an error", () => {
    enter("lost-1", "a", 1_500, retried, 21_500);
    enter("lost-2", "b", 100, retried, 900);
    enter("lost-3", "c", 1_500, { failedTries: [RETRY, "no answer in 10000 ms"] }, 21_500);
    enter("lost-4", "d", 2_500, retried, 22_500);
    enter("kept", "e", 1_500, retried, 21_500);
    expect(ledger.takeHeldUp(LOST)).to.deep.equal([
      { claim: { pcsId: "lost-1", claimId: "a", body: "{}" }, sentMs: 1_500 },
    ]);
    enter("lost-1", "a", 1_500, first("a"), 30_000);
    giveUp();
    expect(ledger.errors().map((error) => error.split(":")[0])).to.deep.equal(["lost-2", "lost-3", "lost-4", "kept"]);
    expect(verdicts()).to.deep.equal([]);
    expect([...keys.stored.keys()]).to.deep.equal(["lost-1"]);
  });

  it("takes what is given up, and nothing else, from what must be stored", () => {
    enter("lost-1", "a", 100, first("a"));
    enter("lost-2", "a", 100, first("a"));
    enter("lost-2", "b", 2_100, first("b"));
    enter("kept", "a", 100, first("a"));
    expect(giveUp()).to.equal(2);
    expect([...keys.stored.keys()]).to.deep.equal(["lost-2", "kept"]);
  });
});
