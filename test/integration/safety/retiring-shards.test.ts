/** What a migration must know before it does without a retiring shard, and how it gets a record back that no shard has any more. */
import { expect } from "chai";
import { NoRecordError } from "../../../migration/engines/run/lost-record";
import { RetiringShardError } from "../../../migration/engines/gate/retiring-shards";
import type { MigrationRecord } from "../../../migration/engines/migration-record";
import type { Phase } from "../../../migration/phases";
import type { HashRing } from "../../../migration/ring/ring";
import { errorOf } from "../ring-lab";
import { CURRENT, DamagedWorld, SHARD_OF, TARGET, WENT, withoutPatience } from "./damaged-world";

const RECORD = "dedup-shards:migration";
const RETIRING = SHARD_OF["current only"];
const BEFORE = ["stable", "plan", "copy", "dualWrite"] as const;

describe("a migration", function () {
  this.timeout(60_000);
  let world: DamagedWorld;
  const log = console.log;
  beforeEach(async () => {
    console.log = () => undefined;
    world = await DamagedWorld.start();
    await go(...BEFORE);
  });
  afterEach(async () => {
    console.log = log;
    await world.stop();
  });

  async function go(...phases: readonly Phase[]): Promise<void> {
    for (const phase of phases) expect(await world.move({ to: phase }), phase).to.equal(WENT);
  }
  const recorded = async (shard: string) =>
    JSON.parse((await world.lab.server(shard).client.get(RECORD)) ?? "{}") as Partial<MigrationRecord>;
  const expectAllRight = async (...rings: readonly HashRing[]) =>
    expect(await world.lab.placement(...rings)).to.deep.equal(world.lab.allRight(...rings));

  describe("whose retiring shard comes back empty before any verify behind the cutover", () => {
    beforeEach(async () => {
      await world.stack.passGate("cutover");
      await world.stack.rollOut();
      await world.stack.work("catchUp");
      await world.lab.server(RETIRING).client.flushall();
    });

    it("keeps dual-write on, also where the shard is named in forceRemoveShards", async () => {
      for (const forced of [[], [RETIRING]]) {
        world.stack.secrets = { forceRemoveShards: JSON.stringify(forced) };
        const error = await errorOf(world.stack.passGate("cleanup"));
        expect(error).to.be.instanceOf(RetiringShardError);
        expect(error.message).to.equal(
          "shard-1 cannot be reached or has lost its data. It retires, but no verify has come out clean since the cutover, so " +
            "dual-write stays on. Bring it back with its data, or empty; in that case run `npm run adopt -- --stack STACK " +
            "--shard shard-1`. Then run `pulumi up` again, which verifies.",
        );
      }
    });

    it("goes on once the shard was adopted: the gate verifies then, and the shard gets its copies back", async () => {
      expect(await world.command("adopt", RETIRING)).to.equal(WENT);
      expect(await world.command("repair")).to.equal(WENT);
      await expectAllRight(world.lab.rings.current, world.lab.rings.target);
      expect(await recorded(RETIRING)).to.include({ verifiedInEpoch: 3 });
      await go("cleanup");
    });
  });

  it("that was verified is not any more, once a shard was adopted that had lost its data", async () => {
    await go("cutover");
    expect(await recorded(SHARD_OF.both)).to.include({ verifiedInEpoch: 3 });
    await world.lab.server(SHARD_OF["target only"]).client.flushall();
    expect(await world.command("adopt", SHARD_OF["target only"])).to.equal(WENT);
    expect(await recorded(SHARD_OF.both)).to.not.have.property("verifiedInEpoch");
    await world.lab.server(RETIRING).client.flushall();
    expect(await errorOf(world.stack.passGate("cleanup"))).to.be.instanceOf(RetiringShardError);
  });

  it("leaves what is on a retiring shard alone that does not know it: that may be another server", async () => {
    await go("cutover");
    const [key = Buffer.alloc(0)] = world.lab.moverKeys(RETIRING);
    await world.lab.server(RETIRING).client.flushall();
    await world.lab.put(RETIRING, key, Buffer.from("somebody else's"));
    await go("cleanup");
    expect(await world.lab.server(RETIRING).client.get(key)).to.equal("somebody else's");
    expect(await world.lab.server(TARGET[1] ?? "").client.exists(RECORD)).to.equal(1);
  });

  it("waits in its cleanup for a retiring shard that has gone since the gate, or for its name", async () => {
    await go("cutover");
    await world.stack.passGate("cleanup");
    await world.stack.rollOut();
    const impatient = withoutPatience();
    await world.lab.server(RETIRING).restart({
      signal: "SIGKILL",
      meanwhile: async () => {
        expect(await errorOf(world.stack.work("drain"))).to.be.instanceOf(RetiringShardError);
        world.stack.secrets = { forceRemoveShards: JSON.stringify([RETIRING]) };
        await world.stack.work("drain");
      },
    });
    impatient();
    expect(await recorded(SHARD_OF.both)).to.include({ drainedInEpoch: 4 });
  });

  for (const phase of ["copy", "dualWrite", "cutover", "cleanup"] as const) {
    it(`in ${phase} whose record no shard has any more gets it from the stack's state, and then to its end`, async () => {
      const phases = ["dualWrite", "cutover", "cleanup"] as const;
      if (phase === "copy") await go("copy");
      else await go(...phases.slice(1, phases.indexOf(phase) + 1));
      for (const { client } of world.lab.servers.values()) await client.del(RECORD);
      const next = { copy: "dualWrite", dualWrite: "cutover", cutover: "cleanup", cleanup: "cutover" } as const;
      const refusal = await errorOf(world.stack.passGate(next[phase]));
      expect(refusal).to.be.instanceOf(NoRecordError);
      expect(refusal.message).to.match(
        /make them again with `npm run adopt -- --stack STACK`, then run `pulumi up` again\.$/,
      );
      expect(await world.command("adopt")).to.equal(WENT);
      if (phase === "copy") await go("plan", "copy");
      else expect(await world.command("repair")).to.equal(WENT);
      const left = { copy: [...phases], dualWrite: phases.slice(1), cutover: phases.slice(2), cleanup: [] } as const;
      await go(...left[phase]);
      expect(await world.move({ to: "stable", shards: TARGET })).to.equal(WENT);
      await expectAllRight(world.lab.rings.target);
      expect(await world.lab.server(SHARD_OF.both).client.exists(RECORD)).to.equal(0);
    });
  }

  it("whose record is missing on one shard only is not taken for known there, but by the shard's name", async () => {
    await world.lab.server(CURRENT[0] ?? "").client.del(RECORD);
    // There is something to write again on another shard.
    await world.lab.server(RETIRING).client.set(RECORD, "{");
    expect(await world.command("adopt")).to.equal(WENT);
    expect(await recorded(RETIRING)).to.include({ inStepSinceEpoch: 2 });
    expect(await recorded(CURRENT[0] ?? "")).to.deep.equal({});
    expect(await world.command("adopt", CURRENT[0])).to.equal(WENT);
    await go("cutover");
  });
});
