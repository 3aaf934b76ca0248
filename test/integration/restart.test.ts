import { expect } from "chai";
import { catchUp } from "../../migration/engines/catch-up";
import { drain } from "../../migration/engines/drain";
import { drainBatch } from "../../migration/engines/drain-batch";
import { FencedError, GateClosedError } from "../../migration/engines/errors";
import { preCopy } from "../../migration/engines/pre-copy";
import { readMigrationRecord } from "../../migration/engines/migration-record";
import { DecidingShards } from "../../migration/engines/run/suspect-shards";
import type { Run } from "../../migration/engines/runtime";
import { Throttle } from "../../migration/engines/throttle";
import { atCall, errorOf, FOUR, Killed, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "./ring-lab";

const KEYS = 6_000;
const emptied = (shard: string) =>
  `${shard} does not know migration m-1 that the other shards are in: it was emptied, replaced or restarted without ` +
  `its data. Restore it from its backup, or go back to migrationPhase "stable"${FOUR.indexOf(shard) < THREE.length ? COPIES : JOINING}`;
const COPIES =
  ": the shard gets the copies of its keys that other shards hold, and the next plan names the command to go on without the others.";
const JOINING =
  ", which does not need it. To go on without what it alone held run `npm run adopt -- --stack STACK --shard shard-3`, then run `pulumi up` again.";

describe("a shard that is restarted", function () {
  this.timeout(90_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  const begun = async () => {
    lab = await RingLab.start(THREE, FOUR, { persistent: true });
    await lab.fill(KEYS);
    await lab.begin();
  };
  const copyAll = (run: Run) => preCopy(run, lab.record, PACE, TOLERANCE_MS);

  it("a source, with its data, in the middle of a copy: its scan starts over, nothing is lost", async () => {
    await begun();
    const before = atCall("bundle", 12, () => lab.server("shard-1").restart(), "shard-1");
    const counts = await lab.run((run) => copyAll(tapped(run, { before })));
    expect(lab.lines).to.include("shard-1 was restarted: its scan starts over");
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
    const movers = lab.moverKeys().length;
    expect(counts).to.deep.equal({ checked: movers, missing: movers, different: 0, extra: 0, repaired: movers });
  });

  it("a source, with its data, between two runs: its cursor is void, the others' are not", async () => {
    await begun();
    // Killed when every source has left a cursor, however uneven their pace.
    const left = new Set<string>();
    const before = (_shard: string, method: string) =>
      method === "add" && left.size === THREE.length ? Promise.reject(new Killed("killed")) : undefined;
    const after = (shard: string, method: string) => (method === "writeRecord" ? void left.add(shard) : undefined);
    await errorOf(lab.run((run) => copyAll(tapped(run, { before, after }))));
    await lab.server("shard-1").restart();
    const scans: string[] = [];
    const record = (shard: string, method: string, [cursor]: readonly unknown[]) =>
      method === "scan" ? void scans.push(`${shard} ${String(cursor)}`) : undefined;
    const counts = await lab.run((run) => copyAll(tapped(run, { before: record })));
    expect(lab.lines).to.include("shard-1 was restarted: its scan starts over");
    expect(scans).to.include("shard-1 0").and.to.not.include.members(["shard-0 0", "shard-2 0"]);
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
    expect(counts.checked).to.equal(lab.moverKeys().length);
  });

  it("a target, with its data, in the middle of a copy: ridden out", async () => {
    await begun();
    const before = atCall("add", 12, () => lab.server("shard-3").restart());
    await lab.run((run) => copyAll(tapped(run, { before })));
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  });

  it("an old owner, with its data, in the middle of a drain: the drain starts over there and ends", async () => {
    await begun();
    await lab.run(copyAll);
    const before = atCall("remove", 12, () => lab.server("shard-1").restart(), "shard-1");
    const job = { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 4 };
    const counts = await lab.run((run) => drain(tapped(run, { before }), job));
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
    expect(counts).to.deep.equal({ checked: lab.moverKeys().length, deleted: lab.moverKeys().length, rescued: 0 });
  });

  it("a source, empty, in the middle of a copy: refused by its name", async () => {
    await begun();
    const before = atCall("bundle", 12, () => lab.server("shard-1").restart({ empty: true }), "shard-1");
    const error = await errorOf(lab.run((run) => copyAll(tapped(run, { before }))));
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error.message).to.equal(emptied("shard-1"));
  });

  for (const shard of ["shard-1", "shard-3"]) {
    it(`${shard}, empty, between two runs: refused by its name`, async () => {
      await begun();
      await lab.run(copyAll);
      await lab.server(shard).restart({ empty: true });
      const error = await errorOf(lab.session(({ stores }) => readMigrationRecord(stores)));
      expect(error).to.be.instanceOf(GateClosedError);
      expect(error.message).to.equal(emptied(shard));
    });
  }

  it("a target, empty, in the middle of a copy: nothing more is written to it, the next run names it", async () => {
    await begun();
    const before = atCall("add", 12, () => lab.server("shard-3").restart({ empty: true }));
    const error = await errorOf(lab.run((run) => copyAll(tapped(run, { before }))));
    expect(error).to.be.instanceOf(FencedError);
    expect(error.message).to.contain("this run lost its lock on shard-3 (now: nobody");
    expect((await lab.strings("shard-3")).size).to.equal(0);
    expect((await errorOf(lab.session(({ stores }) => readMigrationRecord(stores)))).message).to.equal(
      emptied("shard-3"),
    );
  });

  it("the deciding shard, empty, while left-overs are deleted: the last copies stay", async () => {
    await begun();
    await lab.run(copyAll);
    const before = atCall("scan", 2, () => lab.server("shard-1").restart({ empty: true }), "shard-3");
    const error = await errorOf(
      lab.run((run) => catchUp(tapped(run, { before }), lab.record, lab.forward, 2, PACE, TOLERANCE_MS)),
    );
    expect(error.message).to.equal(emptied("shard-1"));
    const held = await lab.strings("shard-3");
    for (const key of lab.moverKeys("shard-1")) {
      expect(held.get(key.toString("latin1"))).to.deep.equal(lab.truth(key));
    }
  });

  it("the deciding shard, empty and claimed anew, while differences are mended: what it lost is not written over", async () => {
    await begun();
    await lab.run(copyAll);
    const movers = lab.moverKeys("shard-1");
    const claimedAnew = async () => {
      await lab.server("shard-1").restart({ empty: true });
      for (const key of movers) await lab.server("shard-1").client.set(key, "another claim");
    };
    const before = atCall("digests", 2, claimedAnew, "shard-1");
    const error = await errorOf(
      lab.run((run) => catchUp(tapped(run, { before }), lab.record, lab.forward, 2, PACE, TOLERANCE_MS)),
    );
    expect(error.message).to.equal(emptied("shard-1"));
    const held = await lab.strings("shard-3");
    for (const key of movers) expect(held.get(key.toString("latin1"))).to.deep.equal(lab.truth(key));
  });

  it("the new owner, empty, in the middle of a drain: no sole copy leaves its old owner", async () => {
    await begun();
    await lab.run(copyAll);
    const before = atCall("remove", 12, () => lab.server("shard-3").restart({ empty: true }));
    const held = new Map<string, unknown>();
    const after = async (_shard: string, method: string) => {
      if (method !== "remove" || held.size > 0) return;
      for (const shard of THREE) for (const [key, value] of await lab.strings(shard)) held.set(key, value);
    };
    const job = { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 4 };
    const error = await errorOf(lab.run((run) => drain(tapped(run, { before, after }), job)));
    expect(error.message).to.contain("this run lost its lock on shard-3");
    expect((await errorOf(lab.session(({ stores }) => readMigrationRecord(stores)))).message).to.equal(
      emptied("shard-3"),
    );
  });

  it("the new owner, empty and claimed anew, while a batch is drained: what it lost stays on its old owner", async () => {
    await begun();
    await lab.run(copyAll);
    const keys = lab.moverKeys("shard-0").slice(0, 20);
    const error = await errorOf(
      lab.run(async (run) => {
        await lab.server("shard-3").client.flushall();
        for (const key of keys) await lab.server("shard-3").client.set(key, "another claim");
        const throttle = new Throttle(PACE, run.clock);
        const deciding = new DecidingShards(lab.record, run.log);
        const job = { run, throttle, record: lab.record, orphans: "rescue", forgetful: false, deciding } as const;
        await drainBatch(job, run.shards("shard-0"), run.shards("shard-3"), keys);
      }),
    );
    expect(error.message).to.equal(emptied("shard-3"));
    const held = await lab.strings("shard-0");
    for (const key of keys) expect(held.get(key.toString("latin1"))).to.deep.equal(lab.truth(key));
  });
});
