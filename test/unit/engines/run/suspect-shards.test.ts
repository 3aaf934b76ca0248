import { expect } from "chai";
import type { RunningProcess } from "../../../../migration/contract/shard-process";
import { newCard, type ShardCard } from "../../../../migration/contract/shard-card";
import type { MigrationRecord } from "../../../../migration/engines/migration-record";
import { shardsBehind } from "../../../../migration/engines/run/shard-cards";
import { DecidingShards, standingIn, suspectsAmong } from "../../../../migration/engines/run/suspect-shards";
import { fakeStore } from "../fakes";

const RECORD: MigrationRecord = {
  ...{ sequence: 3, id: "m-1", digest: "d", shards: ["a"], targetShards: ["a", "b"] },
  ...{ vnodes: 150, keyPrefix: "pcs:", movers: 7 },
  processes: { a: { runId: "p1", replicationId: "h1", survivesRestart: true } },
};
const PROCESS: RunningProcess = { runId: "p1", replicationId: "h1", isSoleWithAppendOnlyFile: true };
const RESTARTED = { ...PROCESS, runId: "p2", replicationId: "h2" };
const FAILED_OVER = { ...RESTARTED, promotedFrom: "h1" };

describe("how far a shard is trusted", () => {
  for (const [standing, now, record] of [
    ["same", PROCESS, RECORD],
    ["restarted", RESTARTED, RECORD],
    ["suspect", FAILED_OVER, RECORD],
    ["suspect", PROCESS, { ...RECORD, lostWrites: ["a"] }],
    ["suspect", RESTARTED, { ...RECORD, lostWrites: ["a"] }],
    ["same", PROCESS, { ...RECORD, lostWrites: ["b"] }],
    // A record of before: nothing is noted, and a run notes it before it works.
    ["same", FAILED_OVER, {}],
  ] as const) {
    it(`${standing}: ${JSON.stringify(now)} by ${JSON.stringify({ ...record, shards: [] })}`, () => {
      expect(standingIn(record, "a", now)).to.equal(standing);
    });
  }

  it("is asked of the server for every decision", async () => {
    const processes = [PROCESS, FAILED_OVER];
    const shard = fakeStore("a", { process: () => Promise.resolve(processes.shift() ?? PROCESS) });
    const deciding = new DecidingShards(RECORD, () => undefined);
    expect([await deciding.standing(shard), await deciding.standing(shard)]).to.deep.equal(["same", "suspect"]);
  });

  it("is not asked of a shard of which nothing is noted", async () => {
    expect(await new DecidingShards(RECORD, () => undefined).standing(fakeStore("b", {}))).to.equal("same");
  });

  it("is said once", () => {
    const lines: string[] = [];
    const deciding = new DecidingShards(RECORD, (line) => void lines.push(line));
    for (const line of ["one", "two", "one"]) deciding.say(line);
    expect(lines).to.deep.equal(["one", "two"]);
  });

  it("names those that may have lost writes", async () => {
    const running = (name: string, now: RunningProcess) => fakeStore(name, { process: () => Promise.resolve(now) });
    const record = {
      ...RECORD,
      processes: { a: RECORD.processes?.["a"], b: RECORD.processes?.["a"] },
    } as MigrationRecord;
    expect(await suspectsAmong([running("a", RESTARTED), running("b", FAILED_OVER)], record)).to.deep.equal(["b"]);
  });
});

describe("a shard whose card is behind", () => {
  const backend = { namespace: "n", configMap: "c" };
  const carded = (name: string, card: Partial<ShardCard> | undefined) => ({
    store: fakeStore(name, {}),
    card: card && { ...newCard(name, backend), ...card },
  });

  for (const [what, a, b, behind] of [
    ["both as the last run left them", { sequence: 4, others: { b: 4 } }, { sequence: 4, others: { a: 4 } }, []],
    [
      "a run was killed while it raised the numbers",
      { sequence: 5, others: { b: 4 } },
      { sequence: 4, others: { a: 4 } },
      [],
    ],
    ["b is older", { sequence: 4, others: { b: 4 } }, { sequence: 3, others: { a: 3 } }, ["b"]],
    ["b has lost its card", { sequence: 4, others: { b: 4 } }, undefined, ["b"]],
    ["b has never had one", { sequence: 4, others: {} }, undefined, []],
    ["a card of before names no others", { sequence: 4 }, { sequence: 1 }, []],
  ] as const) {
    it(`${what}: ${behind.join() || "none"}`, () => {
      expect(shardsBehind([carded("a", a), carded("b", b)])).to.deep.equal(behind);
    });
  }
});
