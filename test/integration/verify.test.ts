import { expect } from "chai";
import { GateClosedError } from "../../migration/engines/errors";
import { preCopy } from "../../migration/engines/pre-copy";
import type { Run } from "../../migration/engines/runtime";
import type { KeyState, ShardStore } from "../../migration/engines/shard-store";
import { verifyAndRepair, type VerifyReport, type VerifySettings } from "../../migration/engines/verify";
import { errorOf, FOUR, PACE, RingLab, tapped, THREE, TOLERANCE_MS, type Tap } from "./ring-lab";

const KEYS = 1_000;
const FULL: VerifySettings = {
  mode: "full",
  sampleSize: 50,
  expiryToleranceMs: TOLERANCE_MS,
  claimWindowMs: 10,
  commandTimeoutMs: 10,
  pace: PACE,
};
const SAMPLE: VerifySettings = { ...FULL, mode: "sample" };

/** A run in which some sorted sets of a shard never look as anywhere else, as between versions that write scores in two ways. */
function neverEqual(run: Run, shard: string, names: ReadonlySet<string>): Run {
  const unlike = (states: readonly KeyState[], keys: readonly Buffer[]) =>
    states.map((state, i) => (names.has(String(keys[i])) ? { ...state, fingerprint: "zset:0:0:0" } : state));
  const shards = (name: string): ShardStore => {
    const store = run.shards(name);
    if (name !== shard) return store;
    const changed: Partial<ShardStore> = {
      // Of one key only, so that each is looked at.
      digests: (keys) => store.digests(keys.slice(0, 1)),
      inspect: async (keys) => {
        const { nowMs, states } = await store.inspect(keys);
        return { nowMs, states: unlike(states, keys) };
      },
      write: async (token, writes) => {
        const { states } = await store.inspect(writes.map(({ key }) => key));
        return store.write(
          token,
          writes.map((write, i) => ({ ...write, expected: states[i] ?? write.expected })),
        );
      },
    };
    return new Proxy(store, {
      get(target, property: keyof ShardStore) {
        const value: unknown = changed[property] ?? Reflect.get(target, property);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  };
  return { ...run, shards, clock: { ...run.clock, sleep: () => Promise.resolve() } };
}

describe("verify", function () {
  this.timeout(60_000);
  let lab: RingLab;

  beforeEach(async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(KEYS);
    await lab.begin();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
  });
  afterEach(() => lab.stop());

  const verify = (settings: VerifySettings, direction = lab.forward, before?: Tap): Promise<VerifyReport> =>
    lab.run((run) =>
      verifyAndRepair(before ? tapped(run, { before }) : run, { record: lab.record, direction, settings }),
    );
  const shard3 = () => lab.server("shard-3").client;
  const some = (count: number) => lab.moverKeys().slice(0, count);
  const fromOwner = (key: Buffer) => lab.server(lab.ownerOf(key, lab.rings.current)).client;
  const expectInStep = async () => {
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  };

  for (const [name, direction] of [
    ["current decides", () => lab.forward],
    ["target decides", () => lab.backward],
  ] as const) {
    it(`full, ${name}: rings in step are found clean, and nothing is written`, async () => {
      const written: string[] = [];
      const report = await verify(FULL, direction(), (_shard, method) =>
        ["add", "write", "remove"].includes(method) ? void written.push(method) : undefined,
      );
      const { at, ...rest } = report;
      expect(rest).to.deep.equal({
        mode: "full",
        checked: lab.moverKeys().length,
        missing: 0,
        different: 0,
        extra: 0,
        repaired: 0,
        passes: 1,
        bound: 0,
        primary: direction().primary.shards,
      });
      expect(new Date(at).toISOString()).to.equal(at);
      expect(written).to.deep.equal([]);
    });
  }

  it("full: finds, counts and repairs what is missing, different and extra; an extra is completed, not deleted", async () => {
    const [missing1, missing2, value, expiry, extra] = some(5);
    if (!missing1 || !missing2 || !value || !expiry || !extra) throw new Error("too few movers");
    await shard3().del(missing1, missing2);
    await shard3().set(value, "another");
    await shard3().pexpireat(expiry, lab.truth(expiry).expiresAtMs + TOLERANCE_MS + 1);
    await fromOwner(extra).del(extra);
    const report = await verify(FULL);
    expect(report).to.include({ mode: "full", missing: 2, different: 2, extra: 1, repaired: 5, passes: 2, bound: 0 });
    expect(report.checked).to.equal(lab.moverKeys().length);
    await expectInStep();
    const movers = lab.moverKeys().length;
    expect(lab.lines.filter((line) => line.startsWith("verify, pass"))).to.deep.equal([
      `verify, pass 1 (full): ${movers - 1} keys checked, 2 missing, 2 different, 1 extra, 5 repaired`,
      `verify, pass 2 (full): ${movers} keys checked, 0 missing, 0 different, 0 extra, 0 repaired`,
    ]);
  });

  it("the target decides after the cutover", async () => {
    const [key] = some(1);
    if (!key) throw new Error("no mover");
    const { value, expiresAtMs } = lab.truth(key);
    await lab.put(lab.ownerOf(key, lab.rings.current), key, Buffer.from("old"), expiresAtMs);
    expect(await verify(FULL, lab.backward)).to.include({ different: 1, repaired: 1 });
    expect(await fromOwner(key).getBuffer(key)).to.deep.equal(value);
    await expectInStep();
  });

  it("expiries within the tolerance are equal, beyond it they are not, none and some never are", async () => {
    const [near, far, none] = some(3);
    if (!near || !far || !none) throw new Error("too few movers");
    await shard3().pexpireat(near, lab.truth(near).expiresAtMs - TOLERANCE_MS);
    await shard3().pexpireat(far, lab.truth(far).expiresAtMs - TOLERANCE_MS - 1);
    await shard3().persist(none);
    expect(await verify(FULL)).to.include({ missing: 0, different: 2, repaired: 2 });
    expect(await shard3().pexpiretime(far)).to.equal(lab.truth(far).expiresAtMs);
    expect(await shard3().pexpiretime(near)).to.equal(lab.truth(near).expiresAtMs - TOLERANCE_MS);
  });

  it("a key that is about to expire on one owner is no difference", async () => {
    const [key] = some(1);
    if (!key) throw new Error("no mover");
    lab.stored.delete(key.toString("latin1"));
    await shard3().del(key);
    await fromOwner(key).pexpireat(key, Date.now() + 900);
    expect(await verify({ ...FULL, claimWindowMs: 0, commandTimeoutMs: 0 })).to.include({ missing: 0, passes: 1 });
  });

  it("a claim on its way to its second owner is no difference", async () => {
    const [key] = some(1);
    if (!key) throw new Error("no mover");
    const { value, expiresAtMs } = lab.truth(key);
    await shard3().del(key);
    let looked = false;
    const report = await verify(FULL, lab.forward, async (shard, method, args) => {
      const keys = method === "inspect" ? (args[0] as Buffer[]).map(String) : [];
      if (shard !== "shard-3" || !keys.includes(String(key))) return;
      // The second half lands between the first look and the second.
      if (looked) await lab.put("shard-3", key, value, expiresAtMs);
      looked = true;
    });
    expect(report).to.include({ missing: 0, repaired: 0, passes: 1 });
    await expectInStep();
  });

  it("sample: draws as many movers as asked for, and states its bound", async () => {
    const report = await verify(SAMPLE);
    expect(report).to.include({ mode: "sample", checked: 50, missing: 0, different: 0, extra: 0, passes: 1 });
    expect(report.bound).to.equal(3 / 50);
  });

  it("sample: of more than there are checks all, once", async () => {
    const movers = lab.moverKeys().length;
    const report = await verify({ ...SAMPLE, sampleSize: 10_000 });
    expect(report).to.include({ mode: "sample", checked: movers });
    expect(report.bound).to.equal(3 / movers);
  });

  it("sample: draws with the same probability, from every source", async () => {
    const drawn = new Map<string, number>();
    await verify({ ...SAMPLE, sampleSize: 100 }, lab.forward, (shard, method, args) => {
      if (method === "digests") drawn.set(shard, (drawn.get(shard) ?? 0) + (args[0] as Buffer[]).length);
    });
    for (const shard of THREE) expect(drawn.get(shard), shard).to.be.greaterThan(0);
  });

  for (const [name, damage] of [
    ["missing", (keys: readonly Buffer[]) => shard3().del(...keys)],
    ["different", (keys: readonly Buffer[]) => Promise.all(keys.map((key) => shard3().set(key, "another", "KEEPTTL")))],
    ["extra", (keys: readonly Buffer[]) => Promise.all(keys.map((key) => fromOwner(key).del(key)))],
  ] as const) {
    it(`sample: one that finds ${name} keys is followed by full passes, which repair all of them`, async () => {
      const keys = some(200);
      await damage(keys);
      const report = await verify(SAMPLE);
      expect(report).to.include({ mode: "full", [name]: keys.length, repaired: keys.length, passes: 3, bound: 0 });
      expect(lab.lines.filter((line) => line.startsWith("verify, pass 1 (sample)"))).to.have.length(1);
      expect(lab.lines.filter((line) => line.startsWith("verify, pass 2 (full)"))).to.have.length(1);
      await expectInStep();
    });
  }

  it("waits a claim window and a command timeout before each pass", async () => {
    await shard3().del(...some(1));
    const slept: number[] = [];
    await lab.run((run) =>
      verifyAndRepair(
        { ...run, clock: { now: () => Date.now(), sleep: (ms) => Promise.resolve(void slept.push(ms)) } },
        {
          record: lab.record,
          direction: lab.forward,
          settings: { ...FULL, claimWindowMs: 5_000, commandTimeoutMs: 700 },
        },
      ),
    );
    expect(slept.filter((ms) => ms === 5_700)).to.have.length(2);
  });

  it("that never comes out clean closes the gate, and says what it found", async () => {
    const [key] = some(1);
    if (!key) throw new Error("no mover");
    const again = () => shard3().del(key);
    await again();
    const error = await errorOf(
      verify(FULL, lab.forward, async (shard, method) => {
        // At the end of each pass, so that the next one finds it.
        if (shard === "shard-3" && method === "scan") await again();
      }),
    );
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error.message).to.equal(
      `verify: 10 passes found differences each time (missing 10, different 0, extra 0; repaired 10), such as ${key.toString()} ` +
        `(string), which ${lab.ownerOf(key, lab.rings.current)} has and shard-3 has not. Something writes to one ring only: ` +
        "check that every writer of these shards runs the current ring epoch, then run `pulumi up` again.",
    );
  });

  it("tells values that are never equal from writers to one ring, and names up to five of their keys", async () => {
    const keys = some(7);
    for (const key of keys) {
      const owner = lab.server(lab.ownerOf(key, lab.rings.current)).client;
      await owner.del(key);
      await owner.zadd(key, 1, "member");
    }
    const names = new Set(keys.map((key) => key.toString()));
    const error = await errorOf(
      lab.run((run) =>
        verifyAndRepair(neverEqual(run, "shard-3", names), {
          record: lab.record,
          direction: lab.forward,
          settings: FULL,
        }),
      ),
    );
    expect(error.message).to.match(
      /^verify: 10 passes found differences each time \(missing 0, different 70, extra 0; repaired 70\), such as /,
    );
    const shown = [
      ...error.message.matchAll(/(pcs:[0-9a-f]+) \(zset\), of which (shard-\d) and shard-3 differ in its value/g),
    ];
    expect(shown).to.have.length(5);
    for (const [, name = "", shard] of shown) {
      expect(names).to.include(name);
      expect(shard).to.equal(lab.ownerOf(Buffer.from(name), lab.rings.current));
    }
    expect(error.message).to.match(/Keys that differ right after their repair are no writer's doing: /);
  });
});
