import { expect } from "chai";
import { preCopy, sourcesNotCopied } from "../../migration/engines/pre-copy";
import { FOUR, OTHERS, PACE, RingLab, THREE, tapped, TOLERANCE_MS } from "./ring-lab";

const KEYS = 1_500;

describe("pre-copy", function () {
  this.timeout(60_000);
  let lab: RingLab | undefined;
  afterEach(() => lab?.stop());

  const filled = async (current: readonly string[], target: readonly string[], keys = KEYS) => {
    lab = await RingLab.start(current, target);
    await lab.fill(keys);
    await lab.begin();
    return lab;
  };
  const copyAll = (on: RingLab) => on.run((run) => preCopy(run, on.record, PACE, TOLERANCE_MS));

  for (const [name, current, target] of [
    ["3 → 4", THREE, FOUR],
    ["4 → 3", FOUR, THREE],
    ["3 → 3 others", THREE, OTHERS],
    ["1 → 2", ["shard-0"], ["shard-0", "shard-1"]],
  ] as const) {
    it(`${name}: every mover is on both owners, with value and expiry, and nothing else changed`, async () => {
      const on = await filled(current, target);
      const before = await Promise.all(current.map((shard) => on.strings(shard)));
      const counts = await copyAll(on);

      const { current: old, target: next } = on.rings;
      expect(await on.placement(old, next)).to.deep.equal(on.allRight(old, next));
      const movers = on.moverKeys().length;
      expect(movers).to.be.greaterThan(0);
      expect(counts).to.deep.equal({ checked: movers, missing: movers, different: 0, extra: 0, repaired: movers });
      for (const [i, shard] of current.entries()) {
        const now = await on.strings(shard);
        for (const [key, stored] of before[i] ?? []) expect(now.get(key)).to.deep.equal(stored);
      }
      expect(await on.run((run) => sourcesNotCopied(run, on.record))).to.deep.equal([]);
    });
  }

  it("has nothing to do when no key moves", async () => {
    const on = await filled(THREE, THREE);
    expect((await copyAll(on)).repaired).to.equal(0);
    expect(await on.placement(on.rings.current)).to.deep.equal(on.allRight(on.rings.current));
  });

  it("a second run reads and writes no key, and reports the same counts", async () => {
    const on = await filled(THREE, FOUR);
    const first = await copyAll(on);
    const calls: string[] = [];
    const before = (_shard: string, method: string) => void calls.push(method);
    const second = await on.run((run) => preCopy(tapped(run, { before }), on.record, PACE, TOLERANCE_MS));
    expect(second).to.deep.equal(first);
    expect(calls.filter((method) => method !== "readRecord" && method !== "name")).to.deep.equal([]);
  });

  it("another migration copies again, and finds everything equal", async () => {
    const on = await filled(THREE, FOUR);
    const first = await copyAll(on);
    on.record = { ...on.record, id: "m-2" };
    await on.begin();
    const second = await copyAll(on);
    expect(second).to.deep.equal({ checked: first.checked, missing: 0, different: 0, extra: 0, repaired: 0 });
  });

  it("says which sources have not been copied", async () => {
    const on = await filled(THREE, FOUR, 100);
    expect(await on.run((run) => sourcesNotCopied(run, on.record))).to.deep.equal(THREE);
  });

  it("overwrites a differing copy on the target: the source decides on value and expiry", async () => {
    const on = await filled(THREE, FOUR);
    const [value, expiry, none] = on.moverKeys();
    if (!value || !expiry || !none) throw new Error("too few movers");
    await on.put("shard-3", value, Buffer.from("stale"), on.truth(value).expiresAtMs);
    await on.put("shard-3", expiry, on.truth(expiry).value, on.truth(expiry).expiresAtMs - 60_000);
    await on.put("shard-3", none, on.truth(none).value);
    const counts = await copyAll(on);
    const movers = on.moverKeys().length;
    expect(counts).to.include({ checked: movers, different: 3, missing: movers - 3, repaired: movers });
    expect(await on.placement(on.rings.current, on.rings.target)).to.deep.equal(
      on.allRight(on.rings.current, on.rings.target),
    );
  });

  it("leaves expiries within the tolerance alone", async () => {
    const on = await filled(THREE, FOUR, 300);
    await copyAll(on);
    const [key] = on.moverKeys();
    if (!key) throw new Error("no mover");
    const near = on.truth(key).expiresAtMs - TOLERANCE_MS;
    await on.server("shard-3").client.call("PEXPIREAT", key, near);
    on.record = { ...on.record, id: "m-2" };
    await on.begin();
    expect((await copyAll(on)).repaired).to.equal(0);
    await on.server("shard-3").client.call("PEXPIREAT", key, near - 1);
    on.record = { ...on.record, id: "m-3" };
    await on.begin();
    expect(await copyAll(on)).to.include({ different: 1, repaired: 1 });
  });

  it("copies an id that is empty, keys of other prefixes not at all", async () => {
    const on = await filled(THREE, FOUR, 50);
    const expiresAtMs = Date.now() + 3_600_000;
    const empty = Buffer.from("pcs:");
    on.remember(empty, Buffer.from("v"), expiresAtMs);
    await on.put(on.ownerOf(empty, on.rings.current), empty, Buffer.from("v"), expiresAtMs);
    for (let i = 0; i < 50; i++) await on.put("shard-0", Buffer.from(`other:${i}`), Buffer.from("x"));
    await copyAll(on);
    const { right, missing, different, elsewhere } = await on.placement(on.rings.current, on.rings.target);
    expect({ right, missing, different }).to.deep.equal({
      right: on.allRight(on.rings.current, on.rings.target).right,
      missing: 0,
      different: 0,
    });
    // Only the ones that were there before.
    expect(elsewhere).to.equal(50);
  });
});
