import { expect } from "chai";
import type { RunningProcess } from "../../../../migration/contract/shard-process";
import { whoseCopyStands, type Differing } from "../../../../migration/engines/keys/whose-copy-stands";
import type { MigrationRecord } from "../../../../migration/engines/migration-record";
import { DecidingShards } from "../../../../migration/engines/run/suspect-shards";
import { ABSENT, type KeyState } from "../../../../migration/engines/shard-store";
import { fakeStore } from "../fakes";

const NOTED = { runId: "p1", replicationId: "h1" };
const SAME: RunningProcess = { ...NOTED, isSoleWithAppendOnlyFile: true };
const OTHER: RunningProcess = { ...SAME, runId: "p2", replicationId: "h2" };
const RECORD: MigrationRecord = {
  ...{ sequence: 3, id: "m-1", digest: "d", shards: ["a"], targetShards: ["b"], vnodes: 150, keyPrefix: "", movers: 7 },
  processes: { a: NOTED, b: NOTED },
};
const state = (fingerprint: string): KeyState => (fingerprint ? { fingerprint, expiresAtMs: 1_000 } : ABSENT);
const pair = (key: string, mine: string, expected: string): Differing => ({
  ...{ key: Buffer.from(key), mine: state(mine), expected: state(expected) },
});
const UNLIKE = pair("unlike", "two", "one");
const EXPIRY = { ...pair("expiry", "one", "one"), expected: { fingerprint: "one", expiresAtMs: 9_000 } };
const MISSING = pair("missing", "one", "");

/** @returns whose copies stand, by the names of the keys, and what was said. */
async function verdict(primary: RunningProcess, secondary: RunningProcess, later: readonly Differing[] = [UNLIKE]) {
  const lines: string[] = [];
  const store = (name: string, now: RunningProcess) => fakeStore(name, { process: () => Promise.resolve(now) });
  const { deciders, others } = await whoseCopyStands([UNLIKE, EXPIRY, MISSING], {
    ...{ primary: store("a", primary), secondary: store("b", secondary) },
    deciding: new DecidingShards(RECORD, (line) => void lines.push(line)),
    lookLater: () => Promise.resolve(later),
  });
  const names = (pairs: readonly Differing[]) => pairs.map(({ key }) => key.toString());
  return { deciders: names(deciders), others: names(others), lines };
}
const ALL = ["unlike", "expiry", "missing"];

describe("whose copy stands where two owners differ", () => {
  for (const [what, secondary] of [
    ["the deciding owner's", SAME],
    ["the deciding owner's, also where the other shard may have lost writes", OTHER],
  ] as const) {
    it(what, async () => {
      expect(await verdict(SAME, secondary)).to.deep.equal({ deciders: ALL, others: [], lines: [] });
    });
  }

  it("the other owner's where the deciding shard may have lost writes: of other values, not of other expiries", async () => {
    expect(await verdict(OTHER, SAME)).to.deep.equal({
      deciders: ["expiry", "missing"],
      others: ["unlike"],
      lines: ["a may have lost writes: where it differs from b the copies of b stand"],
    });
  });

  it("the deciding owner's where both may have lost writes", async () => {
    expect(await verdict(OTHER, OTHER)).to.deep.equal({
      ...{ deciders: ALL, others: [] },
      lines: ["a and b may both have lost writes: where they differ the copies of a stand"],
    });
  });

  it("says how far it trusted the deciding shard where expiries alone differ, so that these are still put right", async () => {
    const store = (name: string) => fakeStore(name, { process: () => Promise.resolve(OTHER) });
    const owners = {
      primary: store("a"),
      secondary: store("b"),
      deciding: new DecidingShards(RECORD, () => undefined),
    };
    const never = () => expect.fail("nothing is looked at again");
    expect(await whoseCopyStands([EXPIRY, MISSING], { ...owners, lookLater: never })).to.deep.equal({
      ...{ deciders: [EXPIRY, MISSING], others: [], standing: "suspect" },
    });
  });

  for (const [what, later] of [
    ["is equal by then", []],
    ["differs in another way by then", [pair("unlike", "two", "three")]],
    ["has another claim on the deciding owner by then", [pair("unlike", "three", "one")]],
  ] as const) {
    it(`nobody's yet where a claim was on its way: the key ${what}`, async () => {
      const { deciders, others } = await verdict(OTHER, SAME, later);
      expect({ deciders, others }).to.deep.equal({ deciders: ["expiry", "missing"], others: [] });
    });
  }
});
