import { expect } from "chai";
import type { Run } from "../../../migration/engines/runtime";
import type { Bundle, KeyState, ShardStore, WriteOutcome } from "../../../migration/engines/shard-store";
import { copyKeys, noCounts, syncExtras, syncKeys } from "../../../migration/engines/sync";
import { DecidingShards } from "../../../migration/engines/run/suspect-shards";
import { Throttle } from "../../../migration/engines/throttle";
import { HashRing } from "../../../migration/ring/ring";
import { FakeClock, fakeStore } from "./fakes";

const KEYS_PER_SECOND = 20;
const BATCH = 10;
const BATCHES = 5;
const ABSENT: KeyState = { fingerprint: "", expiresAtMs: -2 };
const PRESENT: KeyState = { fingerprint: "v", expiresAtMs: -1 };

describe("the ceiling of comparing and copying", () => {
  let clock: FakeClock;
  let asked: number;
  beforeEach(() => {
    clock = new FakeClock();
    asked = 0;
  });

  /** A shard that holds every key in one state, and on which writes come out as scripted, then as "written". */
  function store(name: string, state: KeyState, outcomes: WriteOutcome[] = []): ShardStore {
    const each = <T>(keys: readonly unknown[], value: T) => Promise.resolve(keys.map(() => value));
    return fakeStore(name, {
      timeMs: () => Promise.resolve(clock.now()),
      inspect: async (keys) => {
        asked += keys.length;
        return { nowMs: clock.now(), states: await each(keys, state) };
      },
      existing: (keys) => Promise.resolve(state === PRESENT ? keys.length : 0),
      digests: (keys) => {
        asked += keys.length;
        return Promise.resolve({ keys: keys.length, digests: [state.fingerprint] });
      },
      bundle: (keys) => Promise.resolve({ keys: keys.length, content: Buffer.alloc(0), apart: [], items: keys }),
      add: (_token, { items = [] }: Bundle & { items?: readonly Buffer[] }) =>
        Promise.resolve({
          written: state === ABSENT ? items.length : 0,
          expired: 0,
          present: state === ABSENT ? [] : items,
        }),
      read: (keys) => each(keys, { expiresAt: "-1", value: Buffer.from("v"), isDump: false }),
      write: (_token, writes) => each(writes, outcomes.shift() ?? "written"),
      remove: (_token, keys) => each(keys, "removed" as const),
      readRecord: () => Promise.resolve(JSON.stringify(record)),
    });
  }

  const ring = { shards: ["a"], targetShards: ["b"], vnodes: 150, keyPrefix: "pcs:" };
  const record = { sequence: 1, id: "m", digest: "d", movers: 0, ...ring };

  function job() {
    const ring = new HashRing(["a"]);
    const rings = { current: ring, target: ring, keyPrefix: "" };
    const run: Run = { rings, shards: () => expect.fail(), token: () => "t", clock, log: () => undefined };
    const pace = {
      keysPerSecond: KEYS_PER_SECOND,
      batchSize: BATCH,
      bigValueBytes: 262_144,
      maxSourceLatencyMs: 1_000,
    };
    const rest = { deciding: new DecidingShards(record, run.log), claimMs: 0, givesBack: true };
    return { run, throttle: new Throttle(pace, clock), expiryToleranceMs: 0, settle: false, record, ...rest };
  }

  /** How long some batches take, the last one's share of the rate included. */
  async function secondsFor(work: (keys: readonly Buffer[], all: ReturnType<typeof job>) => Promise<unknown>) {
    const all = job();
    const start = clock.now();
    for (let i = 0; i < BATCHES; i++) {
      await work(
        Array.from({ length: BATCH }, (_, at) => Buffer.from(`${i}/${at}`)),
        all,
      );
    }
    await all.throttle.take(0);
    return (clock.now() - start) / 1_000;
  }

  const SHARE_OF_ALL = (BATCHES * BATCH) / KEYS_PER_SECOND;

  it("holds for keys that are compared only", async () => {
    const edge = { primary: store("a", PRESENT), secondary: store("b", PRESENT) };
    expect(await secondsFor((keys, all) => syncKeys(edge, keys, all))).to.be.closeTo(SHARE_OF_ALL, 0.001);
    expect(asked).to.equal(2 * BATCHES * BATCH);
  });

  it("counts a key that is compared and then copied once", async () => {
    const edge = { primary: store("a", PRESENT), secondary: store("b", ABSENT) };
    expect(await secondsFor((keys, all) => syncKeys(edge, keys, all))).to.be.closeTo(SHARE_OF_ALL, 0.001);
  });

  it("counts a key that is copied unseen once, also one that is there and compared", async () => {
    for (const secondary of [ABSENT, PRESENT]) {
      const edge = { primary: store("a", PRESENT), secondary: store("b", secondary) };
      expect(await secondsFor((keys, all) => copyKeys(edge, keys, all))).to.be.closeTo(SHARE_OF_ALL, 0.001);
    }
  });

  it("looks at each key where two shards differ in how much of them one request may read", async () => {
    let inspected = 0;
    const counted = (keys: readonly unknown[], count: number) => {
      inspected += keys.length;
      return Promise.resolve({ nowMs: clock.now(), states: keys.map(() => PRESENT), count });
    };
    const side = (name: string, most: number) =>
      fakeStore(name, {
        timeMs: () => Promise.resolve(clock.now()),
        digests: (keys) => Promise.resolve({ keys: Math.min(most, keys.length), digests: ["same"] }),
        inspect: (keys) => counted(keys, keys.length),
      });
    const edge = { primary: side("a", 4), secondary: side("b", 6) };
    const keys = Array.from({ length: BATCH }, (_, i) => Buffer.from(`${i}`));
    expect(await syncKeys(edge, keys, job())).to.deep.equal({ ...noCounts(), checked: BATCH });
    expect(inspected).to.equal(2 * BATCH);
  });

  it("counts a key that changed meanwhile, and is compared again, once more", async () => {
    const edge = { primary: store("a", PRESENT), secondary: store("b", ABSENT, ["changed"]) };
    const expected = SHARE_OF_ALL + BATCH / KEYS_PER_SECOND;
    expect(await secondsFor((keys, all) => syncKeys(edge, keys, all))).to.be.closeTo(expected, 0.001);
  });

  for (const action of ["delete", "complete"] as const) {
    it(`holds for the look for extras, and counts one to ${action} once`, async () => {
      for (const primary of [PRESENT, ABSENT]) {
        const edge = { primary: store("a", primary), secondary: store("b", PRESENT) };
        const seconds = await secondsFor((keys, all) => syncExtras(edge, keys, action, all));
        expect(seconds).to.be.closeTo(SHARE_OF_ALL, 0.001);
      }
    });
  }

  it("deletes no left-over while the ring that the work is for is not in force", async () => {
    let removed = 0;
    const remove = () => Promise.reject(new Error(`removed ${++removed}`));
    const other: ShardStore = Object.create(store("b", PRESENT), { remove: { value: remove } }) as ShardStore;
    const all = job();
    const run: Run = { ...all.run, assertInForce: () => Promise.reject(new Error("another ring")) };
    const edge = { primary: store("a", ABSENT), secondary: other };
    const done = syncExtras(edge, [Buffer.from("pcs:1")], "delete", { ...all, run });
    expect(
      await done.then(
        () => "",
        (error: Error) => error.message,
      ),
    ).to.equal("another ring");
    expect(removed).to.equal(0);
  });
});
