import { expect } from "chai";
import { drainBatch } from "../../../migration/engines/drain-batch";
import { DecidingShards } from "../../../migration/engines/run/suspect-shards";
import type { Run } from "../../../migration/engines/runtime";
import { ABSENT, type KeyState, type WriteOutcome } from "../../../migration/engines/shard-store";
import { Throttle } from "../../../migration/engines/throttle";
import { HashRing } from "../../../migration/ring/ring";
import { FakeClock, fakeStore } from "./fakes";

const HELD: KeyState = { fingerprint: "v", expiresAtMs: 5_000_000 };
const KEYS = ["a", "b"].map((key) => Buffer.from(key));
const RINGS = { shards: ["old"], targetShards: ["new"], vnodes: 150, keyPrefix: "" };
const RECORD = { sequence: 1, id: "m", digest: "d", movers: 0, ...RINGS };

let removed: string[];

/** Drains keys that only the old owner holds; the new one takes them as scripted. */
async function drained(outcomes: readonly WriteOutcome[], assertInForce = () => Promise.resolve()) {
  const clock = new FakeClock();
  const ring = new HashRing(["old"]);
  const rings = { current: ring, target: ring, keyPrefix: "" };
  const known = { rings, shards: () => expect.fail(), clock, log: () => undefined };
  const run: Run = { ...known, token: () => "t", assertInForce };
  const pace = { keysPerSecond: 1_000, batchSize: 10, bigValueBytes: 1_000, maxSourceLatencyMs: 1_000 };
  removed = [];
  const source = fakeStore("old", {
    inspect: (keys) => Promise.resolve({ nowMs: clock.now(), states: keys.map(() => HELD) }),
    read: (keys) => Promise.resolve(keys.map(() => ({ expiresAt: "5000000", value: Buffer.from("v"), isDump: false }))),
    remove: (_token, keys) => {
      removed.push(...keys.map(String));
      return Promise.resolve(keys.map(() => "removed" as const));
    },
  });
  const owner = fakeStore("new", {
    inspect: (keys) => Promise.resolve({ nowMs: clock.now(), states: keys.map(() => ABSENT) }),
    write: () => Promise.resolve(outcomes),
    readRecord: () => Promise.resolve(undefined),
  });
  const job = {
    run,
    throttle: new Throttle(pace, clock),
    record: RECORD,
    orphans: "rescue",
    forgetful: false,
    deciding: new DecidingShards(RECORD, run.log),
  } as const;
  return { counts: await drainBatch(job, source, owner, KEYS), removed };
}

describe("a key that only its old owner holds", () => {
  it("goes once the new owner has it", async () => {
    const { counts, removed } = await drained(["written", "written"]);
    expect(removed).to.deep.equal(["a", "b"]);
    expect(counts).to.deep.equal({ checked: 2, deleted: 2, rescued: 2 });
  });

  it("stays where it is over by the new owner's clock alone: another pass looks at it again", async () => {
    const { counts, removed } = await drained(["expired", "written"]);
    expect(removed).to.deep.equal(["b"]);
    expect(counts).to.deep.equal({ checked: 2, deleted: 1, rescued: 1 });
  });

  it("stays while the ring that the work is for is not in force", async () => {
    const refused = drained(["written", "written"], () => Promise.reject(new Error("another ring")));
    expect(await refused.catch((error: Error) => error.message)).to.equal("another ring");
    expect(removed).to.deep.equal([]);
  });
});
