import { expect } from "chai";
import { catchUp } from "../../migration/engines/catch-up";
import { closeMigration } from "../../migration/engines/close";
import { drain } from "../../migration/engines/drain";
import { GateClosedError } from "../../migration/engines/errors";
import { writeMigrationRecord, type MigrationRecord } from "../../migration/engines/migration-record";
import { preCopy } from "../../migration/engines/pre-copy";
import type { Run } from "../../migration/engines/runtime";
import { atCall, errorOf, FOUR, Killed, OTHERS, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "./ring-lab";

const KEYS = 600;
const OTHER_HALF = ["shard-1", "shard-2", "shard-3"];

describe("the end of a migration", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  /** A migration with its copies made. */
  async function copied(current: readonly string[], target: readonly string[], record: Partial<MigrationRecord> = {}) {
    lab = await RingLab.start(current, target);
    lab.record = { ...lab.record, ...record };
    await lab.fill(KEYS);
    await lab.begin();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
  }

  /** Closes it on a ring, as the config has it: by then that knows of no other. */
  const close = (shards: readonly string[], change: Partial<MigrationRecord> = {}, tap = (run: Run) => run) =>
    lab.session(({ run, stores }) => {
      const { vnodes, keyPrefix } = lab.record;
      return closeMigration(tap(run), {
        ring: { shards, targetShards: shards, vnodes, keyPrefix, ...change },
        stores: stores.filter(({ name }) => shards.includes(name)),
        pace: PACE,
        epoch: () => Promise.resolve(1),
      });
    });
  const records = async (shards: readonly string[]) =>
    (await Promise.all(shards.map((shard) => lab.server(shard).client.keys("dedup-shards:*")))).flat();
  /** All keys are on their owners in the current ring, and no copies on shards that stay. */
  async function expectClean(): Promise<void> {
    for (const [shard, server] of lab.servers) {
      if (!lab.rings.current.shards.includes(shard)) await server.client.flushall();
    }
    expect(await lab.placement(lab.rings.current)).to.deep.equal(lab.allRight(lab.rings.current));
  }
  /** A key that only its owner in the target ring holds. */
  async function orphan(): Promise<{ key: Buffer; copyOn: string; owner: string }> {
    for (let i = 0; ; i++) {
      const key = Buffer.from(`pcs:orphan ${i}`);
      const [owner, copyOn] = [lab.ownerOf(key, lab.rings.current), lab.ownerOf(key, lab.rings.target)];
      if (owner === copyOn || !lab.rings.current.shards.includes(copyOn)) continue;
      await lab.put(copyOn, key, Buffer.from("v"), Date.now() + 1e7);
      return { key, copyOn, owner };
    }
  }

  for (const [name, current, target] of [
    ["3 → 4", THREE, FOUR],
    ["4 → 3", FOUR, THREE],
    ["3 → 3 with one replaced", THREE, OTHER_HALF],
    ["3 → 3 others", THREE, OTHERS],
  ] as const) {
    it(`${name}, abandoned: copies leave the shards that stay, and so does every record`, async () => {
      await copied(current, target);
      const stay = target.filter((shard) => current.includes(shard));
      const copies = lab.moverKeys().filter((key) => stay.includes(lab.ownerOf(key, lab.rings.target)));
      expect(await close(current)).to.deep.equal({ checked: copies.length, deleted: copies.length, rescued: 0 });
      expect(await records(current)).to.deep.equal([]);
      await expectClean();
    });

    it(`${name}, finished: nothing but records goes`, async () => {
      await copied(current, target);
      const { record, backward: direction } = lab;
      await lab.run((run) => drain(run, { record, direction, sources: current, pace: PACE, epoch: 4 }));
      lab.record = await lab.session(({ run, stores }) =>
        writeMigrationRecord(stores, run.token(), { ...record, drainedInEpoch: 4 }),
      );
      expect(await close(target)).to.equal(undefined);
      expect(await records(target)).to.deep.equal([]);
      expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
    });
  }

  it("finished without a cleanup: the old copies go first, and what only they hold is rescued", async () => {
    await copied(THREE, FOUR);
    const movers = lab.moverKeys();
    const sole = movers[0] as Buffer;
    await lab.server(lab.ownerOf(sole, lab.rings.target)).client.del(sole);
    expect(await close(FOUR)).to.deep.equal({ checked: movers.length, deleted: movers.length, rescued: 1 });
    expect(await records(FOUR)).to.deep.equal([]);
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
  });

  it("where there is none does nothing", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(50);
    expect(await close(THREE)).to.equal(undefined);
    await expectClean();
  });

  it("does not bring a left-over to life that no catch-up has looked at", async () => {
    await copied(FOUR, THREE);
    const { key, copyOn, owner } = await orphan();
    expect(await close(FOUR)).to.include({ rescued: 0 });
    for (const shard of [copyOn, owner]) expect(await lab.server(shard).client.exists(key), shard).to.equal(0);
    await expectClean();
  });

  it("gives the current ring the claims that got half-way under dual-write", async () => {
    await copied(FOUR, THREE);
    await lab.run((run) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS));
    lab.record = await lab.session(({ run, stores }) =>
      writeMigrationRecord(stores, run.token(), { ...lab.record, inStepSinceEpoch: 2 }),
    );
    const { key, copyOn, owner } = await orphan();
    expect(await close(FOUR)).to.include({ rescued: 1 });
    expect(await lab.server(copyOn).client.exists(key)).to.equal(0);
    expect(await lab.server(owner).client.get(key)).to.equal("v");
  });

  it("takes no copy away whose owner lost its data", async () => {
    await copied(FOUR, THREE);
    await lab.server("shard-3").client.flushall();
    const movers = lab.moverKeys("shard-3").length;
    expect(await close(FOUR)).to.include({ rescued: movers });
    expect(await lab.server("shard-3").client.dbsize()).to.equal(movers);
    await expectClean();
  });

  it("that dies half-way is ended by the next one, and no copy that is gone counts as made", async () => {
    await copied(FOUR, THREE);
    const die = () => {
      throw new Killed();
    };
    const dying = (run: Run) => tapped(run, { before: atCall("remove", 3, die) });
    expect(await errorOf(close(FOUR, {}, dying))).to.be.instanceOf(Killed);
    expect(await records(FOUR)).to.not.include("dedup-shards:checkpoint:pre-copy");
    await close(FOUR);
    expect(await records(FOUR)).to.deep.equal([]);
    await expectClean();
  });

  it("refuses a ring that is neither of the two, and rings made in another way", async () => {
    await copied(FOUR, THREE);
    for (const [shards, change] of [
      [OTHER_HALF, {}],
      [FOUR, { vnodes: 100 }],
      [FOUR, { keyPrefix: "x:" }],
    ] as const) {
      const error = await errorOf(close(shards, change));
      expect(error).to.be.instanceOf(GateClosedError);
      expect(error.message).to.equal(
        "the shards are still in migration m-1 (shard-0, shard-1, shard-2, shard-3 → shard-0, shard-1, shard-2 with 150 " +
          'vnodes and keyPrefix "pcs:"), and the ring in the config is neither of its two. Set shards, vnodes and keyPrefix ' +
          "to what they were, and run `pulumi up`.",
      );
    }
  });
});
