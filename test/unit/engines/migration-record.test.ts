import { expect } from "chai";
import { GateClosedError } from "../../../migration/engines/errors";
import {
  assertItself,
  assertRemembers,
  holds,
  readAbandonedRecord,
  readMigrationRecord,
  writeMigrationRecord,
  type MigrationRecord,
} from "../../../migration/engines/migration-record";
import { fakeStore } from "./fakes";

const RECORD: MigrationRecord = {
  sequence: 3,
  id: "m-1",
  digest: "d",
  shards: ["a"],
  targetShards: ["a", "b"],
  vnodes: 150,
  keyPrefix: "pcs:",
  movers: 7,
};
const holding = (name: string, text: string | undefined) =>
  fakeStore(name, { readRecord: (record) => Promise.resolve(record === "migration" ? text : undefined) });
const text = (change: Partial<MigrationRecord> = {}) => JSON.stringify({ ...RECORD, ...change });
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe("the migration record", () => {
  it("is undefined when no shard has one", async () => {
    expect(await readMigrationRecord([holding("a", undefined), holding("b", undefined)])).to.equal(undefined);
    expect(await readMigrationRecord([])).to.equal(undefined);
  });

  it("is what all shards have", async () => {
    expect(await readMigrationRecord([holding("a", text()), holding("b", text())])).to.deep.equal(RECORD);
  });

  it("is the newest one after an interrupted write, wherever that stands", async () => {
    const newer = text({ sequence: 4, drainedInEpoch: 4 });
    for (const texts of [
      [newer, text(), text()],
      [text(), newer, text()],
      [text(), text(), newer],
    ]) {
      const shards = texts.map((each, i) => holding(`s${i}`, each));
      expect(await readMigrationRecord(shards)).to.deep.equal({ ...RECORD, sequence: 4, drainedInEpoch: 4 });
    }
  });

  it("is refused when a shard does not know it: that one lost its data", async () => {
    const error = await errorOf(
      readMigrationRecord([holding("a", text()), holding("b", undefined), holding("c", undefined)]),
    );
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error?.message).to.equal(
      "b, c does not know migration m-1 that the other shards are in: it was emptied, replaced or restarted without its " +
        'data. Restore it from its backup, or go back to migrationPhase "stable", which does not need it. To go on without ' +
        "what it alone held run `npm run adopt -- --stack STACK --shard b`, then run `pulumi up` again.",
    );
  });

  it("is refused when a shard is in another migration", async () => {
    const error = await errorOf(
      readMigrationRecord([holding("a", text({ id: "m-0" })), holding("b", text({ sequence: 4 }))]),
    );
    expect(error?.message).to.match(/^a does not know migration m-1 /);
  });

  for (const bad of [
    "",
    "{",
    "null",
    "7",
    "[]",
    "{}",
    '{"id":7,"sequence":1}',
    '{"id":"m-1"}',
    '{"id":"m-1","sequence":"1"}',
  ]) {
    it(`is refused when it reads ${JSON.stringify(bad)}`, async () => {
      const error = await errorOf(readMigrationRecord([holding("a", text()), holding("b", bad)]));
      expect(error).to.be.instanceOf(GateClosedError);
      expect(error?.message).to.equal(
        "the migration record on b cannot be read (key dedup-shards:migration), so nothing was changed. If a newer version of " +
          "this program wrote it, run that version. Otherwise write it again, as the other shards have it, with `npm run adopt -- " +
          "--stack STACK --shard b`, then run `pulumi up` again.",
      );
    });
  }

  it("is asked for again when a shard was restarted", async () => {
    await assertRemembers(holding("a", text({ sequence: 9 })), RECORD);
    for (const lost of [undefined, text({ id: "m-0" })]) {
      const error = await errorOf(assertRemembers(holding("a", lost), RECORD));
      expect(error).to.be.instanceOf(GateClosedError);
      expect(error?.message).to.match(/^a does not know migration m-1 that the other shards are in: /);
    }
  });

  describe("what it notes", () => {
    const CONFIGS = { 1: "A", 2: "DA", 3: "DB", 4: "B", 5: "DB", 6: "DA", 7: "A", 8: "DA" } as const;
    const noted: MigrationRecord = {
      ...RECORD,
      configs: CONFIGS,
      inStepSinceEpoch: 2,
      cutover: { epoch: 3, atMs: 1 },
      drainedInEpoch: 4,
    };

    for (const [fact, epochs] of [
      // A gate notes the config of the next epoch before it lets the ring change: only what the state came to counts.
      ["inStep", [2, 3]],
      ["cutover", [3, 4, 5]],
      ["drained", [4]],
    ] as const) {
      it(`${fact} holds until pods were told to run a config that makes it untrue`, () => {
        const held = Object.keys(CONFIGS)
          .map(Number)
          .filter((epoch) => epoch >= (epochs[0] ?? 0));
        expect(held.filter((epoch) => holds(noted, fact, epoch))).to.deep.equal(epochs);
      });

      it(`${fact} does not hold before it is noted`, () => expect(holds(RECORD, fact, 4)).to.equal(false));
    }

    it("is in step again when it is noted anew", () => {
      expect(holds({ ...noted, inStepSinceEpoch: 8 }, "inStep", 8)).to.equal(true);
    });
  });

  it("is refused where it is that of another shard: the name leads to the wrong one", async () => {
    const refusal =
      "the address of b leads to a. Nothing is done on a shard that is not the one it is taken for: wait until their names " +
      "lead where they should, or mend shardUrls, then run `pulumi up` again.";
    const on = { shard: "a", sequence: RECORD.sequence };
    const [a, b] = [holding("a", text({ on })), holding("b", text({ on }))];
    for (const refused of [assertItself(b), assertRemembers(b, RECORD), readMigrationRecord([a, b])]) {
      expect((await errorOf(refused))?.message).to.equal(refusal);
    }
    await assertItself(a);
    for (const unknown of [text(), "{", undefined]) await assertItself(holding("b", unknown));
    await errorOf(readAbandonedRecord([b])).then((error) => expect(error?.message).to.equal(refusal));
  });

  it("is taken as it is where an older version has written what it found on one shard to all", async () => {
    const on = { shard: "a", sequence: RECORD.sequence };
    const copied = text({ sequence: RECORD.sequence + 1, on });
    const found = await readMigrationRecord([holding("a", copied), holding("b", copied)]);
    expect(found).to.include({ id: RECORD.id, sequence: RECORD.sequence + 1 });
  });

  it("is written to all shards with the next sequence number, and removed from all", async () => {
    const written: unknown[] = [];
    const shards = ["a", "b"].map((name) =>
      fakeStore(name, { writeRecord: (...args) => Promise.resolve(void written.push([name, ...args])) }),
    );
    const next = await writeMigrationRecord(shards, "token", RECORD);
    expect(next).to.deep.equal({ ...RECORD, sequence: 4 });
    expect(await writeMigrationRecord(shards, "token", undefined)).to.equal(undefined);
    expect(written).to.deep.equal([
      ["a", "token", "migration", text({ sequence: 4, on: { shard: "a", sequence: 4 } })],
      ["b", "token", "migration", text({ sequence: 4, on: { shard: "b", sequence: 4 } })],
      ["a", "token", "migration", undefined],
      ["b", "token", "migration", undefined],
    ]);
  });
});
