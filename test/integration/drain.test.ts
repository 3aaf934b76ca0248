import { expect } from "chai";
import { drain } from "../../migration/engines/drain";
import { GateClosedError } from "../../migration/engines/errors";
import { preCopy } from "../../migration/engines/pre-copy";
import type { Direction, Run } from "../../migration/engines/runtime";
import { atCall, errorOf, FOUR, OTHERS, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "./ring-lab";

const KEYS = 1_000;

describe("drain", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  const inStep = async (current: readonly string[], target: readonly string[]) => {
    lab = await RingLab.start(current, target);
    await lab.fill(KEYS);
    await lab.begin();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
  };
  const jobOf = (sources: readonly string[], direction: Direction = lab.backward, epoch = 4) => ({
    record: lab.record,
    direction,
    sources,
    pace: PACE,
    epoch,
  });
  const cleanUp = (change: (run: Run) => Run = (run) => run) =>
    lab.run((run) => drain(change(run), jobOf(lab.rings.current.shards)));
  const expectDrained = async () =>
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
  const mover = (at = 0): Buffer => {
    const key = lab.moverKeys()[at];
    if (!key) throw new Error("no mover");
    return key;
  };

  for (const [name, current, target] of [
    ["3 → 4", THREE, FOUR],
    ["4 → 3", FOUR, THREE],
    ["3 → 3 others", THREE, OTHERS],
  ] as const) {
    it(`${name}: movers leave their old owners, every key stays on its new one`, async () => {
      await inStep(current, target);
      const counts = await cleanUp();
      const movers = lab.moverKeys().length;
      expect(counts).to.deep.equal({ checked: movers, deleted: movers, rescued: 0 });
      await expectDrained();
    });

    it(`${name}: what only the old owner has is brought to the new one first`, async () => {
      lab = await RingLab.start(current, target);
      await lab.fill(KEYS);
      await lab.begin();
      const counts = await cleanUp();
      const movers = lab.moverKeys().length;
      expect(counts).to.deep.equal({ checked: movers, deleted: movers, rescued: movers });
      await expectDrained();
    });
  }

  it("the new owner's copy stays, equal or not", async () => {
    await inStep(THREE, FOUR);
    const key = mover();
    lab.remember(key, Buffer.from("claimed by the new ring"), -1);
    await lab.put("shard-3", key, Buffer.from("claimed by the new ring"));
    expect(await cleanUp()).to.include({ rescued: 0 });
    await expectDrained();
  });

  it("a claim that reaches the new owner before the rescue does stays, and the old copy goes", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(200);
    await lab.begin();
    const key = mover();
    const before = atCall("write", 1, () => lab.put("shard-3", key, Buffer.from("first")), "shard-3");
    const counts = await cleanUp((run) => tapped(run, { before }));
    lab.remember(key, Buffer.from("first"), -1);
    expect(counts).to.include({ deleted: lab.moverKeys().length });
    await expectDrained();
  });

  it("a copy that changed since it was read is not deleted unseen, but looked at once more", async () => {
    await inStep(THREE, FOUR);
    const key = mover();
    const from = lab.ownerOf(key, lab.rings.current);
    let removes = 0;
    const before = async (_shard: string, method: string, args: readonly unknown[]) => {
      if (method !== "remove" || !(args[1] as Buffer[]).some((one) => one.equals(key))) return;
      if (++removes === 1) await lab.put(from, key, Buffer.from("written late"));
    };
    const counts = await cleanUp((run) => tapped(run, { before }));
    expect(removes).to.equal(2);
    expect(counts).to.include({ deleted: lab.moverKeys().length });
    await expectDrained();
  });

  it("shards that retire are emptied of everything with the prefix, misplaced keys too; foreign keys stay", async () => {
    await inStep(FOUR, THREE);
    const foreign = Buffer.from("other:key");
    for (const shard of FOUR) await lab.put(shard, foreign, Buffer.from("v"));
    let misplaced = 0;
    for (let i = 0; misplaced < 20; i++) {
      const key = Buffer.from(`pcs:misplaced ${i}`);
      if (lab.ownerOf(key, lab.rings.current) === "shard-3") continue;
      await lab.put("shard-3", key, Buffer.from("v"));
      lab.remember(key, Buffer.from("v"), -1);
      misplaced++;
    }
    const counts = await cleanUp();
    expect(counts).to.include({ rescued: 20 });
    expect([...(await lab.strings("shard-3")).keys()]).to.deep.equal(["other:key"]);
    for (const shard of FOUR) await lab.server(shard).client.del(foreign);
    await expectDrained();
  });

  it("keys misplaced on a shard that stays are nobody's business", async () => {
    await inStep(THREE, FOUR);
    const key = Buffer.from("pcs:misplaced");
    const wrong = THREE.find((shard) => {
      const { current, target } = lab.rings;
      return shard !== lab.ownerOf(key, current) && shard !== lab.ownerOf(key, target);
    });
    await lab.put(wrong ?? "", key, Buffer.from("v"));
    await cleanUp();
    expect((await lab.strings(wrong ?? "")).has("pcs:misplaced")).to.equal(true);
  });

  it("run again deletes and writes nothing, and reports the same", async () => {
    await inStep(THREE, FOUR);
    const first = await cleanUp();
    const calls: string[] = [];
    const before = (_shard: string, method: string) => void calls.push(method);
    expect(await cleanUp((run) => tapped(run, { before }))).to.deep.equal(first);
    expect(calls).to.include("scan").and.to.not.include.members(["write"]);
    expect(calls).to.not.include("remove");
    await expectDrained();
  });

  it("the last pass sees what came behind the first one", async () => {
    await inStep(THREE, FOUR);
    // On its old owner only, and the first pass is done with that shard.
    const late = mover();
    const from = lab.ownerOf(late, lab.rings.current);
    let done = 0;
    const after = async (_shard: string, method: string, args: readonly unknown[]) => {
      if (method !== "writeRecord" || !String(args[2]).includes('"done":true') || ++done !== THREE.length) return;
      await lab.server("shard-3").client.del(late);
      await lab.put(from, late, lab.truth(late).value, lab.truth(late).expiresAtMs);
    };
    const counts = await cleanUp((run) => tapped(run, { after }));
    expect(counts).to.include({ deleted: lab.moverKeys().length + 1, rescued: 1 });
    await expectDrained();
  });

  it("keys that keep appearing on old owners close the gate", async () => {
    await inStep(THREE, FOUR);
    const key = mover();
    const from = lab.ownerOf(key, lab.rings.current);
    const before = async (shard: string, method: string) => {
      if (shard === from && method === "scan") await lab.put(from, key, Buffer.from("by a writer of the old ring"));
    };
    const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
    const error = await errorOf(cleanUp((run) => ({ ...tapped(run, { before }), clock })));
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error.message).to.equal(
      "cleanup: keys keep appearing on owners that no longer decide (shard-0, shard-1, shard-2). " +
        "A writer still uses the old ring: find it, then run `pulumi up` again.",
    );
  });
});
