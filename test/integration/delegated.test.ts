import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { doPart, tellWork, type ToldWork } from "../../migration/entrypoints/source-part";
import { closeMigration } from "../../migration/engines/close";
import { catchUp } from "../../migration/engines/catch-up";
import { drain } from "../../migration/engines/drain";
import { passOn } from "../../migration/engines/passed-brake";
import { preCopy } from "../../migration/engines/pre-copy";
import type { CheckpointedWork, ProgressEvent, Run } from "../../migration/engines/runtime";
import { verifyAndRepair } from "../../migration/engines/verify";
import { errorOf, FOUR, PACE, RingLab, THREE, TOLERANCE_MS } from "./ring-lab";

const KEYS = 2_000;
const SETTINGS = {
  ...{ mode: "full" as const, sampleSize: 10, expiryToleranceMs: TOLERANCE_MS, claimWindowMs: 0, commandTimeoutMs: 0 },
  pace: PACE,
};

describe("work that others do, source by source", function () {
  this.timeout(60_000);
  let lab: RingLab;
  /** Whose parts were done. */
  let parts: string[];
  beforeEach(async () => {
    parts = [];
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(KEYS);
    await lab.begin();
  });
  afterEach(() => lab.stop());

  const told = (run: Run, work: CheckpointedWork): ToldWork => {
    const { addresses } = lab.plan();
    return JSON.parse(JSON.stringify(tellWork(run, work, { addresses, namespace: "test", atOnce: 2 }))) as ToldWork;
  };
  const workerOf = (name: string, signal = new AbortController().signal) => ({
    ...{ name, login: {}, log: () => undefined, signal },
  });

  /** As other processes would: they have what they were told, and connections of their own. */
  const delegating = (run: Run): Run => ({
    ...run,
    delegate: async (work) => {
      const all = told(run, work);
      await Promise.all(
        work.sources.map(async (source) => {
          await doPart(all, source, workerOf(`pod of ${source}`));
          parts.push(`${work.name}: ${source}`);
        }),
      );
    },
  });

  it("comes to the same as work that is done here, with the same counts", async () => {
    const movers = lab.moverKeys().length;
    const { current, target } = lab.rings;
    const inStep = { checked: movers, missing: 0, different: 0, extra: 0, repaired: 0 };
    const copied = await lab.run((run) => preCopy(delegating(run), lab.record, PACE, TOLERANCE_MS));
    expect(copied).to.deep.equal({ ...inStep, missing: movers, repaired: movers });
    expect(parts.sort()).to.deep.equal(THREE.map((source) => `pre-copy: ${source}`));
    const [stale, gone] = lab.moverKeys() as [Buffer, Buffer];
    await lab.put("shard-3", stale, Buffer.from("stale"));
    await lab.server("shard-3").client.del(gone);
    const names = Array.from({ length: 50 }, (_, i) => Buffer.from(`pcs:left over ${i}`));
    const leftOver = names.find((key) => lab.ownerOf(key, target) === "shard-3") as Buffer;
    await lab.put("shard-3", leftOver, Buffer.from("x"));
    const caughtUp = await lab.run((run) => catchUp(delegating(run), lab.record, lab.forward, 2, PACE, TOLERANCE_MS));
    expect(caughtUp).to.deep.equal({ ...inStep, missing: 1, different: 1, extra: 1, repaired: 3 });
    const job = { record: lab.record, direction: lab.forward, settings: SETTINGS };
    const report = await lab.run((run) => verifyAndRepair(delegating(run), job));
    expect(report).to.include({ ...inStep, passes: 1 });
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
    const drained = await lab.run((run) =>
      drain(delegating(run), { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 4 }),
    );
    expect(drained).to.deep.equal({ checked: movers, deleted: movers, rescued: 0 });
    expect(await lab.placement(target)).to.deep.equal(lab.allRight(target));
  });

  it("is done by one at a time for a source: the other is kept out, and says by whom", async () => {
    await lab.run(async (run) => {
      const work = { ...workOf(run), checkpointFor: "m-1" };
      const shard = run.shards("shard-0");
      await shard.lock("pod-a", "pod-a", 60_000, "source");
      const renewing = setInterval(() => void shard.renew("pod-a", "pod-a", 60_000, "source"), 500);
      // Pods of one index have the same name.
      const error = await errorOf(doPart(told(run, work), "shard-0", workerOf("pod-a")));
      clearInterval(renewing);
      expect(error.message).to.contain("pod-a");
    });
    expect(await lab.server("shard-3").client.dbsize(), "its record of the migration").to.equal(1);
  });

  it("is followed by the checkpoints that it leaves: every key is told, and every source that is done", async () => {
    const events: ProgressEvent[] = [];
    const watched = (run: Run): Run => ({ ...delegating(run), onProgress: (event) => events.push(event) });
    await lab.run((run) => preCopy(watched(run), lab.record, PACE, TOLERANCE_MS));
    const again = events.map(({ kind }) => kind).lastIndexOf("begun");
    const keys = events.slice(0, again).flatMap((event) => ("keys" in event ? [event.keys] : []));
    expect(keys.reduce((sum, count) => sum + count, 0)).to.equal(lab.moverKeys().length);
    const done = events.slice(0, again).flatMap((event) => (event.kind === "done" ? [event.source] : []));
    expect(done.sort()).to.deep.equal(THREE);
    expect(await lab.server("shard-0").client.exists("dedup-shards:brake")).to.equal(1);
    await lab.session(({ run, stores }) => {
      const { current, keyPrefix } = run.rings;
      const ring = { shards: current.shards, targetShards: current.shards, vnodes: current.vnodes, keyPrefix };
      const staying = stores.filter(({ name }) => THREE.includes(name));
      return closeMigration(run, { ring, stores: staying, pace: PACE, epoch: () => Promise.resolve(1) });
    });
    expect(await lab.server("shard-0").client.exists("dedup-shards:brake")).to.equal(0);
  });

  it("stands still while the run's brake holds it, and goes on when it does not", async () => {
    const { client } = lab.server("shard-3");
    let [letGo, awaited] = [() => {}, Promise.resolve()];
    const brake = { level: 0, share: () => awaited.then(() => 1) };
    awaited = new Promise((resolve) => (letGo = resolve));
    await lab.run(async (run) => {
      const before = await client.dbsize();
      const copying = preCopy({ ...delegating(run), brake }, lab.record, PACE, TOLERANCE_MS);
      // Ample for 2,000 keys.
      await sleep(1_500);
      expect(await client.dbsize()).to.equal(before);
      brake.level = 1;
      letGo();
      expect(await copying).to.include({ checked: lab.moverKeys().length });
    });
  });

  it("ends when it is told to, and lets go of the source: another goes on from the checkpoint", async () => {
    const { client } = lab.server("shard-0");
    const [movers, stop] = [lab.moverKeys("shard-0").length, new AbortController()];
    await lab.run(async (run) => {
      const slow = { ...PACE, keysPerSecond: 2 * movers };
      const all = told(run, { ...workOf(run), pace: slow, checkpointFor: "m-1" });
      const stopped = errorOf(doPart(all, "shard-0", workerOf("pod-a", stop.signal)));
      while ((await client.exists("dedup-shards:checkpoint:pre-copy")) === 0) await sleep(10);
      stop.abort(new Error("told to"));
      expect((await stopped).message).to.equal("told to");
      expect(await client.exists("dedup-shards:source-lock")).to.equal(0);
      const lines: string[] = [];
      await doPart(all, "shard-0", { ...workerOf("pod-b"), log: (line) => lines.push(line) });
      expect(lines[0]).to.match(/^pre-copy: shard-0 goes on from its checkpoint \([1-9]\d* keys done\)$/);
      expect(lines.at(-1)).to.contain(`${movers} checked`);
    });
  });

  it("ends when the run that asked for it is no more, also while its brake holds", async () => {
    const all = await lab.run(async (run) => {
      await passOn(run, ["shard-1"], 0);
      return told(run, { ...workOf(run), checkpointFor: "m-1" });
    });
    const held = await errorOf(doPart(all, "shard-1", workerOf("pod-b")));
    expect(held.message).to.match(/^this run lost its lock on shard-1 /);
    const error = await errorOf(doPart(all, "shard-0", workerOf("pod-a")));
    expect(error.message).to.match(/^this run lost its lock on shard-\d \(now: nobody holds the lock\)/);
  });

  const workOf = (run: Run) => ({
    ...{ name: "pre-copy", task: { kind: "add" } as const, record: lab.record, direction: lab.forward },
    ...{ sources: run.rings.current.shards, pace: PACE, expiryToleranceMs: TOLERANCE_MS, inOneGo: false },
  });
});
