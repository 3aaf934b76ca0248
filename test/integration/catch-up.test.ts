import { expect } from "chai";
import { catchUp } from "../../migration/engines/catch-up";
import { preCopy } from "../../migration/engines/pre-copy";
import { atCall, FOUR, OTHERS, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "./ring-lab";

const KEYS = 1_000;

describe("catch-up", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  const copied = async (current: readonly string[], target: readonly string[]) => {
    lab = await RingLab.start(current, target);
    await lab.fill(KEYS);
    await lab.begin();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
  };
  const forward = (epoch = 2) => lab.run((run) => catchUp(run, lab.record, lab.forward, epoch, PACE, TOLERANCE_MS));
  const expectInStep = async () => {
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  };

  for (const [name, current, target] of [
    ["3 → 4", THREE, FOUR],
    ["4 → 3", FOUR, THREE],
    ["3 → 3 others", THREE, OTHERS],
  ] as const) {
    it(`${name}: copies what is missing, overwrites what differs, deletes left-overs`, async () => {
      await copied(current, target);
      // Came after the pre-copy.
      await lab.fill(300, KEYS);
      const movers = lab.moverKeys();
      const [value, expiry, gone] = movers;
      if (!value || !expiry || !gone) throw new Error("too few movers");
      const newOwner = (key: Buffer) => lab.ownerOf(key, lab.rings.target);
      await lab.put(newOwner(value), value, Buffer.from("stale"), lab.truth(value).expiresAtMs);
      await lab.put(newOwner(expiry), expiry, lab.truth(expiry).value);
      // Deleted on its owner since it was copied, and one that an earlier attempt left.
      await lab.server(lab.ownerOf(gone, lab.rings.current)).client.del(gone);
      lab.stored.delete(gone.toString("latin1"));
      const leftOver = Buffer.from("pcs:left over of a mover ");
      for (let i = 0; ; i++) {
        const key = Buffer.concat([leftOver, Buffer.from(String(i))]);
        if (lab.ownerOf(key, lab.rings.current) === newOwner(key)) continue;
        await lab.put(newOwner(key), key, Buffer.from("v"));
        break;
      }
      const counts = await forward();
      await expectInStep();
      const missing = lab.moverKeys().length - movers.filter((key) => key !== gone && isFirst(key)).length;
      expect(counts).to.deep.equal({
        checked: movers.length - 1,
        missing,
        different: 2,
        extra: 2,
        repaired: missing + 2 + 2,
      });
    });
  }

  /** Whether a key was there when the pre-copy ran. */
  const isFirst = (key: Buffer) => {
    const claim = JSON.parse(lab.truth(key).value.toString()) as { claim: string };
    return Number(claim.claim.slice(2)) < KEYS;
  };

  it("towards the current ring: what only the target has goes back", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(KEYS, 0, lab.rings.target);
    await lab.begin();
    const counts = await lab.run((run) => catchUp(run, lab.record, lab.backward, 6, PACE, TOLERANCE_MS));
    const movers = lab.moverKeys().length;
    expect(counts).to.deep.equal({ checked: movers, missing: movers, different: 0, extra: 0, repaired: movers });
    await expectInStep();
  });

  it("leaves keys alone that do not move, wherever they are", async () => {
    await copied(THREE, FOUR);
    const misplaced = Buffer.from("pcs:misplaced");
    const wrong = FOUR.find(
      (shard) =>
        shard !== lab.ownerOf(misplaced, lab.rings.current) && shard !== lab.ownerOf(misplaced, lab.rings.target),
    );
    await lab.put(wrong ?? "", misplaced, Buffer.from("v"));
    await lab.put("shard-3", Buffer.from("other:key"), Buffer.from("v"));
    expect(await forward()).to.include({ extra: 0, repaired: 0 });
    expect((await lab.strings(wrong ?? "")).has("pcs:misplaced")).to.equal(true);
    expect((await lab.strings("shard-3")).has("other:key")).to.equal(true);
  });

  it("run twice in an epoch finds its work done; in another epoch it looks again", async () => {
    await copied(THREE, FOUR);
    const first = await forward(2);
    const [key] = lab.moverKeys();
    await lab.server("shard-3").client.del(key ?? "");
    expect(await forward(2)).to.deep.equal(first);
    expect(await forward(3)).to.include({ missing: 1, repaired: 1 });
    await expectInStep();
  });

  it("does not delete a left-over that became a claim under its eyes", async () => {
    await copied(THREE, FOUR);
    const [key] = lab.moverKeys();
    if (!key) throw new Error("no mover");
    const from = lab.ownerOf(key, lab.rings.current);
    await lab.server(from).client.del(key);
    lab.remember(key, Buffer.from("claimed"), -1);
    const before = atCall("remove", 1, async () => {
      await lab.put(from, key, Buffer.from("claimed"));
      await lab.put("shard-3", key, Buffer.from("claimed"));
    });
    const counts = await lab.run((run) =>
      catchUp(tapped(run, { before }), lab.record, lab.forward, 2, PACE, TOLERANCE_MS),
    );
    expect(counts).to.include({ extra: 1, repaired: 0 });
    await expectInStep();
  });

  it("compares again what changed between its look and its write", async () => {
    await copied(THREE, FOUR);
    const [key] = lab.moverKeys();
    if (!key) throw new Error("no mover");
    await lab.put("shard-3", key, Buffer.from("stale"));
    const before = atCall("write", 1, () => lab.put("shard-3", key, Buffer.from("stale, otherwise")));
    await lab.run((run) => catchUp(tapped(run, { before }), lab.record, lab.forward, 2, PACE, TOLERANCE_MS));
    await expectInStep();
  });

  it("gives up on a key that changes under every attempt, and goes on", async () => {
    await copied(THREE, FOUR);
    const [key, other] = lab.moverKeys();
    if (!key || !other) throw new Error("too few movers");
    await lab.server("shard-3").client.del(key, other);
    let writes = 0;
    const before = async (_shard: string, method: string, args: readonly unknown[]) => {
      if (method !== "write") return;
      const keys = (args[1] as { key: Buffer }[]).map((write) => write.key.toString());
      if (keys.includes(key.toString())) await lab.put("shard-3", key, Buffer.from(`${++writes}`));
    };
    const counts = await lab.run((run) =>
      catchUp(tapped(run, { before }), lab.record, lab.forward, 2, PACE, TOLERANCE_MS),
    );
    expect(writes).to.equal(4);
    expect(counts).to.include({ missing: 2, repaired: 1 });
    expect((await lab.strings("shard-3")).get(other.toString("latin1"))).to.deep.equal(lab.truth(other));
  });
});
