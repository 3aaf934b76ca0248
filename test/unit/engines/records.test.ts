/** What stands on a shard may be anybody's: whatever it is, it is understood or refused. */
import { expect } from "chai";
import fc from "fast-check";
import { readCheckpoint, type Checkpoint } from "../../../migration/engines/checkpoint";
import { GateClosedError } from "../../../migration/engines/errors";
import { readMigrationRecord, type MigrationRecord } from "../../../migration/engines/migration-record";
import { POD_CONFIGS } from "../../../migration/phases";
import { fakeStore } from "./fakes";

const holding = (text: string) => fakeStore("shard-0", { readRecord: () => Promise.resolve(text) });
const checkpointIn = (text: string) => readCheckpoint(holding(text), "job", "m-1");
const recordIn = (text: string) => readMigrationRecord([holding(text)]);

const CHECKPOINT: Checkpoint = { work: "m-1", cursor: "17", runId: "p", done: false, counts: { checked: 3 }, atMs: 1 };
const RECORD: MigrationRecord = {
  ...{ sequence: 1, id: "m-1", digest: "d", movers: 5, vnodes: 150, keyPrefix: "pcs:" },
  ...{ shards: ["a"], targetShards: ["a", "b"] },
  ...{ baseline: { hitRatio: 0.5 }, configs: { 1: "A", 2: "DA" }, hasCopies: true },
  ...{ inStepSinceEpoch: 2, cutover: { epoch: 3, atMs: 4 }, drainedInEpoch: 5 },
};

/** A text, JSON or not, or a right one with one field that is anything, or with its end cut off. */
const anythingLike = (right: object) =>
  fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .tuple(fc.constantFrom(...Object.keys(right)), fc.jsonValue())
      .map(([field, value]) => JSON.stringify({ ...right, [field]: value })),
    fc.nat(JSON.stringify(right).length - 1).map((length) => JSON.stringify(right).slice(0, length)),
  );

describe("what stands on a shard", () => {
  it("is a checkpoint that a scan can go on from, or none, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(anythingLike(CHECKPOINT), async (text) => {
        const found = await checkpointIn(text);
        if (found === undefined) return;
        expect(found.work).to.equal("m-1");
        expect(found.cursor).to.match(/^\d+$/);
        expect(typeof found.runId).to.equal("string");
        for (const count of Object.values(found.counts)) expect(count).to.be.at.least(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is a checkpoint when it is right", async () => {
    expect(await checkpointIn(JSON.stringify(CHECKPOINT))).to.deep.equal(CHECKPOINT);
    const { work, cursor, runId, done, counts } = CHECKPOINT;
    const before = { work, cursor, runId, done, counts };
    expect(await checkpointIn(JSON.stringify(before)), "one of before").to.deep.equal(before);
  });

  for (const cursor of ["", "-1", "abc", "1.5", " 1", String(2n ** 64n), "9".repeat(21)]) {
    it(`is no checkpoint with the cursor ${JSON.stringify(cursor)}, which SCAN refuses`, async () => {
      expect(await checkpointIn(JSON.stringify({ ...CHECKPOINT, cursor }))).to.equal(undefined);
    });
  }

  it("is the record of a migration with all that is needed, or is refused by name, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(anythingLike(RECORD), async (text) => {
        const found = await recordIn(text).catch((error: unknown) => error);
        if (found instanceof GateClosedError) {
          expect(found.message).to.contain(
            "the migration record on shard-0 cannot be read (key dedup-shards:migration)",
          );
          return;
        }
        const { id, shards, targetShards, vnodes, cutover, configs = {}, ...facts } = found as MigrationRecord;
        expect([typeof id, typeof vnodes]).to.deep.equal(["string", "number"]);
        for (const name of [...shards, ...targetShards]) expect(typeof name).to.equal("string");
        for (const config of Object.values(configs)) expect(POD_CONFIGS).to.include(config);
        const epochs = [facts.inStepSinceEpoch, facts.drainedInEpoch, cutover?.epoch];
        for (const epoch of epochs.filter((each) => each !== undefined)) expect(epoch).to.be.a("number");
        if (cutover) expect(new Date(cutover.atMs).toISOString()).to.match(/Z$/);
      }),
      { numRuns: 2_000 },
    );
  });

  for (const wrong of [
    { inStepSinceEpoch: "x" },
    { cutover: { epoch: "x", atMs: "y" } },
    { cutover: { epoch: 1, atMs: 1e16 } },
    { drainedInEpoch: -1 },
    { configs: null },
    { configs: { 1: "C" } },
    { hasCopies: 1 },
    { baseline: [1] },
  ]) {
    it(`is no record with ${JSON.stringify(wrong)}, which would open a gate or end in a crash`, async () => {
      const error = await recordIn(JSON.stringify({ ...RECORD, ...wrong })).catch((found: unknown) => found);
      expect(error).to.be.instanceOf(GateClosedError);
    });
  }

  it("is the record of a migration when it is right", async () => {
    expect(await recordIn(JSON.stringify(RECORD))).to.deep.equal(RECORD);
    const { sequence, id, digest, movers, vnodes, keyPrefix, shards, targetShards } = RECORD;
    const fresh = { sequence, id, digest, movers, vnodes, keyPrefix, shards, targetShards };
    expect(await recordIn(JSON.stringify(fresh)), "a fresh one").to.deep.equal(fresh);
  });
});
