/** `npm run adopt`: the one command that an error about a card names leads on, and says what is given up. */
import { expect } from "chai";
import { ForeignShardError } from "../../../migration/engines/run/ownership-errors";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import { handOver } from "../../../migration/operations/hand-over";
import { PHASES, type Phase } from "../../../migration/phases";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, THREE } from "../ring-lab";
import { cardOf, TwoBackends } from "./two-backends";

const KEYS = 300;

describe("handing shards over", function () {
  this.timeout(60_000);
  let world: TwoBackends;
  let stack: PaperStack;
  beforeEach(async () => {
    world = await TwoBackends.start(THREE, FOUR);
    await world.lab.fill(KEYS);
    stack = new PaperStack(world.lab, world.clusters[0]);
  });
  afterEach(() => world.stop());

  const go = (...phases: readonly Phase[]) =>
    world.as(0, async () => {
      for (const phase of phases) await stack.up(phase);
    });
  async function adopt(which: 0 | 1, shard?: string, gate = stack.state as CheckedGateInputs): Promise<string> {
    const lines: string[] = [];
    await world.as(which, () => handOver({ gate, secrets: {} }, shard, (line) => void lines.push(line)));
    return lines.join("\n");
  }
  const expectBoth = async () => {
    const { current, target } = world.lab.rings;
    expect(await world.lab.placement(current, target)).to.deep.equal(world.lab.allRight(current, target));
  };

  it("a namespace that was made once more: the migration goes on there, and no more with the one before", async () => {
    await go(...PHASES.slice(0, PHASES.indexOf("dualWrite") + 1));
    const second = new PaperStack(world.lab, world.clusters[1]);
    world.clusters[1].rollOut(world.clusters[0].ring ?? {}, 2);
    second.state = { ...(stack.state as CheckedGateInputs), metrics: world.clusters[1].metrics };
    expect(await world.as(1, () => errorOf(second.passGate("cutover")))).to.be.instanceOf(ForeignShardError);
    expect(await adopt(1)).to.match(
      /^migration \S+ \(shard-0, .*\) is this stack's: it goes on, or "stable" clears it away\nshard-0 belongs to this backend from now on \(before: shard-0 of ConfigMap paper\/backend-config \(namespace uid /,
    );
    await world.as(1, () => second.up("cutover"));
    await expectBoth();
    expect(await world.as(0, () => errorOf(stack.up("dualWrite")))).to.be.instanceOf(ForeignShardError);
  });

  it("a single shard, by its name; an epoch that it knows is not used again", async () => {
    await go("stable");
    const foreign = { ...(await cardOf(world.lab, "shard-0")), shard: "shard-9", highestEpoch: 9, others: {} };
    await world.lab.server("shard-3").client.set("dedup-shards:card", JSON.stringify(foreign));
    expect((await world.as(0, () => errorOf(stack.up("plan")))).message).to.match(
      /adopt -- --stack STACK --shard shard-3/,
    );
    expect(await adopt(0, "shard-3")).to.match(/^shard-3 belongs to this backend from now on \(before: shard-9 of /);
    expect(await world.lab.server("shard-0").client.exists("dedup-shards:migration")).to.equal(0);
    await go("plan", "copy", "dualWrite");
    expect(world.clusters[0].ring).to.include({ DEDUP_RING_EPOCH: "10" });
  });

  it("a card that cannot be read is written again", async () => {
    await go("stable");
    await world.lab.server("shard-1").client.set("dedup-shards:card", "{");
    await adopt(0, "shard-1");
    await go("stable");
    expect(await cardOf(world.lab, "shard-1")).to.include({ shard: "shard-1", highestEpoch: 1 });
  });

  it("nothing is changed where all is well, and a shard that nobody knows is named", async () => {
    await go("stable");
    const before = await cardOf(world.lab, "shard-0");
    expect(await adopt(0)).to.equal("every shard belongs to this backend already: nothing was changed");
    expect(await cardOf(world.lab, "shard-0")).to.deep.equal(before);
    expect((await errorOf(adopt(0, "shard-8"))).message).to.equal(
      "shard-8 is no shard of this stack. Its shards are shard-0, shard-1, shard-2, shard-3.",
    );
  });

  describe("a shard that has lost its data", () => {
    it("must be named; then what is given up is said, and a migration can begin", async () => {
      await go("stable");
      await world.lab.server("shard-1").client.flushall();
      expect((await errorOf(adopt(0))).message).to.match(/^shard-1 has lost its data\. .* --shard shard-1`\.$/);
      expect(await adopt(0, "shard-1")).to.match(
        /^shard-1 goes on with what it has now \(\d keys, records of this program included\)\. Given up is what it held alone/,
      );
      expect(await cardOf(world.lab, "shard-1")).to.include({ shard: "shard-1" });
      await go("plan");
    });

    for (const phase of ["dualWrite", "cutover"] as const) {
      it(`in ${phase}, with both rings in step: what the other ring holds comes back`, async () => {
        await go(...PHASES.slice(0, PHASES.indexOf(phase) + 1));
        await world.lab.server("shard-3").client.flushall();
        expect((await world.as(0, () => errorOf(stack.up(phase)))).message).to.match(
          /^shard-3 does not know migration/,
        );
        await adopt(0, "shard-3");
        await go(phase);
        await expectBoth();
      });
    }

    it("in dualWrite, where it decides and took other claims since: those of the other ring stand", async () => {
      await go(...PHASES.slice(0, PHASES.indexOf("dualWrite") + 1));
      const { lab } = world;
      await lab.server("shard-0").client.flushall();
      const movers = lab.moverKeys("shard-0");
      for (const key of movers) await lab.put("shard-0", key, Buffer.from("another claim"));
      await adopt(0, "shard-0");
      await go("dualWrite");
      const held = await lab.strings("shard-0");
      for (const key of movers) expect(held.get(key.toString("latin1"))).to.deep.equal(lab.truth(key));
    });

    it("before the rings were in step is refused: its copies would be taken for left-overs", async () => {
      await go("stable", "plan", "copy");
      await world.lab.server("shard-1").client.flushall();
      expect((await errorOf(adopt(0, "shard-1"))).message).to.match(
        /^shard-1 has lost its data in migration \S+, and what the other shards hold cannot take its place in this phase\./,
      );
      expect(await world.lab.server("shard-1").client.keys("dedup-shards:*")).to.deep.equal([]);
    });
  });

  it("a shard in the middle of another backend's migration is refused", async () => {
    await go("stable", "plan");
    const gate = stack.state as CheckedGateInputs;
    const other = { ...gate, connection: { ...gate.connection, configMap: "other-config" } };
    const before = await cardOf(world.lab, "shard-0");
    expect((await errorOf(adopt(0, undefined, other))).message).to.match(
      /^shard-0 is in the middle of another migration \(\S+: shard-0, .*\)\. Finish or leave that first/,
    );
    expect(await cardOf(world.lab, "shard-0")).to.deep.equal(before);
  });
});
