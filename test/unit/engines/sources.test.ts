import { expect } from "chai";
import type { MigrationRecord } from "../../../migration/engines/migration-record";
import type { ProgressEvent, Run } from "../../../migration/engines/runtime";
import type { ScanPage, ShardStore } from "../../../migration/engines/shard-store";
import { runOnSources, type SourcesJob } from "../../../migration/engines/sources";
import { HashRing } from "../../../migration/ring/ring";
import { FakeClock, fakeStore, page } from "./fakes";

const RECORD: MigrationRecord = {
  sequence: 1,
  id: "m-1",
  digest: "d",
  shards: [],
  targetShards: [],
  vnodes: 1,
  keyPrefix: "",
  movers: 0,
};

/** Shards with records in memory and scripted pages. */
class World {
  readonly records = new Map<string, string>();
  readonly lines: string[] = [];
  readonly scanned: string[] = [];
  private readonly stores = new Map<string, ShardStore>();

  constructor(pages: Readonly<Record<string, Readonly<Record<string, ScanPage>>>>) {
    for (const [name, script] of Object.entries(pages)) this.stores.set(name, this.store(name, script));
    this.stores.set("target", fakeStore("target", { readRecord: () => Promise.resolve(undefined) }));
  }

  get run(): Run {
    return {
      rings: { current: new HashRing(["a"]), target: new HashRing(["a"]), keyPrefix: "" },
      shards: (name) => this.stores.get(name) ?? fakeStore(name, {}),
      token: () => "token",
      clock: new FakeClock(),
      log: (line) => void this.lines.push(line),
    };
  }

  job(change: Partial<SourcesJob> = {}): SourcesJob {
    return {
      name: "job",
      record: RECORD,
      sources: ["a", "b"],
      route: () => "target",
      pacing: { batchSize: 1, flight: 2 },
      onBatch: (_source, _other, keys) => Promise.resolve({ checked: keys.length, moved: 1 }),
      ...change,
    };
  }

  private store(name: string, script: Readonly<Record<string, ScanPage>>): ShardStore {
    return fakeStore(name, {
      runId: () => Promise.resolve("p1"),
      scan: (cursor) => {
        this.scanned.push(`${name} ${cursor}`);
        return Promise.resolve(script[cursor] ?? page("0"));
      },
      readRecord: (record) => Promise.resolve(this.records.get(`${name} ${record}`)),
      writeRecord: (_token, record, value) => {
        if (value === undefined) this.records.delete(`${name} ${record}`);
        else this.records.set(`${name} ${record}`, value);
        return Promise.resolve();
      },
    });
  }
}

describe("runOnSources", () => {
  it("sums up the counts of all sources", async () => {
    const world = new World({ a: { "0": page("0", "1", "2") }, b: { "0": page("0", "3") } });
    expect(await runOnSources(world.run, world.job())).to.deep.equal({ checked: 3, moved: 3 });
    expect([...world.records.keys()]).to.deep.equal([]);
  });

  it("tells whoever watches what becomes of it", async () => {
    const world = new World({ a: { "0": page("0", "1", "2", "3") }, b: { "0": page("0") } });
    const told: ProgressEvent[] = [];
    const run: Run = { ...world.run, onProgress: (event) => void told.push(event) };
    const edges = { a: 2 };
    const job = world.job({ pacing: { batchSize: 2, flight: 2, allowed: 50 }, checkpointFor: "m-1", edges });
    await runOnSources(run, job);
    const of = (source: string) => told.filter((event) => "source" in event && event.source === source);
    expect(told[0]).to.deep.equal({
      job: "job",
      kind: "begun",
      sources: ["a", "b"],
      edges,
      movers: job.record.movers,
      checkpoints: true,
    });
    expect(of("a")).to.deep.equal([
      { job: "job", kind: "skipped", source: "a", keys: 0 },
      { job: "job", kind: "keys", source: "a", keys: 2, allowed: 50 },
      { job: "job", kind: "keys", source: "a", keys: 1, allowed: 50 },
      { job: "job", kind: "checkpoint", source: "a" },
      { job: "job", kind: "done", source: "a" },
    ]);
    told.length = 0;
    await runOnSources(run, job);
    expect(of("a")).to.deep.equal([
      { job: "job", kind: "skipped", source: "a", keys: 3 },
      { job: "job", kind: "done", source: "a" },
    ]);
    told.length = 0;
    await runOnSources(run, world.job({ onBatch: () => Promise.reject(new Error("no")) })).catch(() => undefined);
    expect(of("a").map(({ kind }) => kind)).to.deep.equal(["skipped", "failed"]);
  });

  it("leaves a checkpoint for its work, and finds done work done", async () => {
    const world = new World({ a: { "0": page("0", "1", "2") }, b: { "0": page("0", "3") } });
    const job = world.job({ checkpointFor: "m-1" });
    await runOnSources(world.run, job);
    expect(JSON.parse(world.records.get("a checkpoint:job") ?? "")).to.deep.equal({
      work: "m-1",
      cursor: "0",
      runId: "p1",
      done: true,
      counts: { checked: 2, moved: 2 },
      atMs: world.run.clock.now(),
    });
    world.scanned.length = 0;
    expect(await runOnSources(world.run, job)).to.deep.equal({ checked: 3, moved: 3 });
    expect(world.scanned).to.deep.equal([]);
    expect(await runOnSources(world.run, world.job({ checkpointFor: "m-2" }))).to.deep.equal({ checked: 3, moved: 3 });
    expect(world.scanned).to.deep.equal(["a 0", "b 0"]);
  });

  it("goes on from a checkpoint with its counts, and says so", async () => {
    const world = new World({ a: { "7": page("0", "3") }, b: { "0": page("0") } });
    const checkpoint = { work: "m-1", cursor: "7", runId: "p1", done: false, counts: { checked: 2, moved: 2 } };
    world.records.set("a checkpoint:job", JSON.stringify(checkpoint));
    expect(await runOnSources(world.run, world.job({ checkpointFor: "m-1" }))).to.deep.equal({ checked: 3, moved: 3 });
    expect(world.scanned).to.have.members(["a 7", "b 0"]);
    expect(world.lines).to.deep.equal([
      "job: a goes on from its checkpoint (2 keys done)",
      "job: done, 3 checked, 3 moved",
    ]);
  });

  for (const [recounted, expected] of [
    [undefined, { checked: 1, moved: 3 }],
    [[], { checked: 3, moved: 3 }],
    [["checked", "moved"], { checked: 1, moved: 1 }],
  ] as const) {
    it(`counts anew after a restart: ${recounted?.join(", ") ?? "checked by default"}`, async () => {
      const world = new World({ a: { "0": page("0", "3") } });
      const checkpoint = { work: "m-1", cursor: "7", runId: "p0", done: false, counts: { checked: 2, moved: 2 } };
      world.records.set("a checkpoint:job", JSON.stringify(checkpoint));
      world.records.set("a migration", JSON.stringify(RECORD));
      const job = world.job({ sources: ["a"], checkpointFor: "m-1", ...(recounted ? { recounted } : {}) });
      expect(await runOnSources(world.run, job)).to.deep.equal(expected);
    });
  }

  it("stops all sources when one fails, tells the first failure, and leaves no rejection unhandled", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const many = Array.from({ length: 500 }, (_, i) => `${i}`);
    const world = new World({
      a: { "0": page("0", "1") },
      b: { "0": page("0", ...many) },
      c: { "0": page("0", ...many) },
    });
    const batches: string[] = [];
    const job = world.job({
      sources: ["a", "b", "c"],
      onBatch: async ({ name }) => {
        batches.push(name);
        if (name === "a") throw new Error("a broke");
        await new Promise((resolve) => setImmediate(resolve));
        return {};
      },
    });
    const error = await runOnSources(world.run, job).catch((e: unknown) => e);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("unhandledRejection", note);
    expect(error).to.have.property("message", "a broke");
    expect(batches.length).to.be.below(15);
    expect(unhandled).to.deep.equal([]);
  });

  it("stops sources as well that have no key to move: at their next window", async () => {
    const pages = Array.from(
      { length: 400 },
      (_, i) => [String(i), page(i === 399 ? "0" : String(i + 1), "x")] as const,
    );
    const world = new World({ a: { "0": page("0", "1") }, b: Object.fromEntries(pages) });
    const job = world.job({
      route: (_key, foundOn) => (foundOn === "a" ? "target" : undefined),
      onBatch: () => Promise.reject(new Error("a broke")),
    });
    const error = await runOnSources(world.run, job).catch((e: unknown) => e);
    expect(error).to.have.property("message", "a broke");
    expect(world.scanned.length).to.be.below(100);
  });
});
