/** Shards that are put back to an older backup or snapshot: their cards are behind what the other shards remember. */
import { expect } from "chai";
import type { Phase } from "../../../migration/phases";
import { FOUR, THREE } from "../ring-lab";
import { FailingShards } from "../support/failing-shards";

const KEYS = 200;
const IDS = 6;
const FORTH: readonly Phase[] = ["stable", "plan", "copy", "dualWrite", "cutover", "cleanup"];
const lossOf = (shard: string) =>
  `warning: ${shard} has lost writes: the other shards remember a later state of it than it has. It was restored from an ` +
  "older backup or snapshot, or failed over to a replica that lagged behind. See docs/troubleshooting.md#lost-writes";

describe("a shard that is restored from an older backup", function () {
  this.timeout(60_000);
  let shards: FailingShards;
  beforeEach(async () => {
    shards = await FailingShards.start(THREE, FOUR, KEYS);
  });
  afterEach(() => shards.stop());

  const losses = () => shards.lines.filter((line) => line.includes("has lost writes"));
  const claimAll = async (ids: readonly string[], client: string) => {
    const pod = shards.pod();
    return Promise.all(ids.map((id) => pod.claim(id, `${client} ${id}`)));
  };
  const duplicates = (ids: readonly string[]) => ids.map((id) => `duplicate of one ${id}`);
  for (const kind of ["volumeSnapshot", "rdbBackup"] as const) {
    it(`(${kind}) is found in every phase, and what dual-write put on the other owner comes back`, async () => {
      const claimed: string[] = [];
      for (const [i, phase] of FORTH.entries()) {
        const shard = phase === "cutover" ? "shard-3" : "shard-0";
        const restore = i === 0 ? undefined : await shards[kind](shard);
        await shards.go(phase);
        if (restore === undefined) continue;
        if (phase === "dualWrite" || phase === "cutover") {
          const ids = shards.movers(IDS * i, phase === "dualWrite" ? { from: shard } : { to: shard }).slice(-IDS);
          expect(new Set(await claimAll(ids, "one"))).to.deep.equal(new Set(["first"]));
          claimed.push(...ids);
        }
        await restore();
        shards.lines = [];
        await shards.go(phase);
        expect(losses(), phase).to.deep.equal([lossOf(shard)]);
        expect(await claimAll(claimed, "another"), phase).to.deep.equal(duplicates(claimed));
      }
      await shards.stack.up("stable", FOUR);
      expect(await claimAll(claimed, "another")).to.deep.equal(duplicates(claimed));
      const { lab } = shards;
      expect(await lab.placement(lab.rings.target)).to.include({ right: KEYS, missing: 0, different: 0 });
    });
  }

  for (const [phase, shard, next] of [
    ["dualWrite", "shard-0", "stable"],
    ["cutover", "shard-3", "dualWrite"],
  ] as const) {
    it(`in ${phase}: what dual-write put on the other owner comes back on the way back to ${next}`, async () => {
      const before = FORTH.slice(0, FORTH.indexOf(phase));
      await shards.go(...before);
      const restore = await shards.volumeSnapshot(shard);
      await shards.go(phase);
      const ids = shards.movers(IDS, phase === "dualWrite" ? { from: shard } : { to: shard });
      expect(new Set(await claimAll(ids, "one"))).to.deep.equal(new Set(["first"]));
      await restore();
      await shards.go(next);
      expect(await claimAll(ids, "another")).to.deep.equal(duplicates(ids));
    });
  }

  it("is remembered as one that lost writes by a step that was killed, and trusted again behind a clean verify", async () => {
    await shards.go("stable", "plan", "copy");
    const restore = await shards.volumeSnapshot("shard-0");
    await shards.go("dualWrite");
    await restore();
    // The cards are as new as ever behind this step, which looks at no key: the rings are in step.
    await shards.stack.work("catchUp");
    const recorded = async () =>
      JSON.parse((await shards.lab.server("shard-1").client.get("dedup-shards:migration")) ?? "") as object;
    expect(await recorded()).to.deep.include({ lostWrites: ["shard-0"] });
    await shards.stack.work("verify");
    expect(await recorded()).to.deep.include({ lostWrites: [] });
    expect(losses()).to.have.length(1);
  });

  it("to what it was before a single step is found by the next one", async () => {
    await shards.go("stable", "plan", "copy", "dualWrite");
    const restore = await shards.volumeSnapshot("shard-0");
    await shards.stack.work("verify");
    await restore();
    await shards.stack.work("verify");
    expect(losses()).to.deep.equal([lossOf("shard-0")]);
  });

  it("a restart of a shard that syncs every write is none: its copies stand, and nothing is deleted for its sake", async () => {
    await shards.go("stable", "plan", "copy");
    await shards.stack.passGate("dualWrite");
    await shards.stack.rollOut();
    const ids = shards.movers(2, { from: "shard-0" });
    const { keyPrefix } = shards.lab.rings;
    const [different = "", extra = ""] = ids.map((id) => Buffer.from(keyPrefix + id));
    await shards.lab.put("shard-0", Buffer.from(different), Buffer.from("decides"));
    for (const key of [different, extra]) await shards.lab.put("shard-3", Buffer.from(key), Buffer.from("follows"));
    await shards.lab.server("shard-0").restart();
    await shards.stack.work("catchUp");
    expect(await shards.held("shard-0", ids)).to.deep.equal(["decides", "follows"]);
    expect(await shards.held("shard-3", ids)).to.deep.equal(["decides", "follows"]);
    expect(shards.lines.filter((line) => /lost writes|restarted/.test(line))).to.deep.equal([
      "shard-0 was restarted: what only shard-3 holds is completed there, and not deleted",
    ]);
  });

  it("a restart of one that syncs once a second is a failover: the other owner's copies stand", async () => {
    for (const { client } of shards.lab.servers.values()) await client.config("SET", "appendfsync", "everysec");
    await shards.go("stable", "plan", "copy", "dualWrite");
    const ids = shards.movers(1, { from: "shard-0" });
    const [key = ""] = ids.map((id) => shards.lab.rings.keyPrefix + id);
    await shards.lab.server("shard-0").restart();
    await shards.lab.put("shard-0", Buffer.from(key), Buffer.from("since the restart"));
    await shards.lab.put("shard-3", Buffer.from(key), Buffer.from("acknowledged before"));
    await shards.stack.work("verify");
    expect(await shards.held("shard-0", ids)).to.deep.equal(["acknowledged before"]);
  });

  it("a backup that reads a shard as a replica does is no failover", async () => {
    await shards.go("stable", "plan", "copy");
    const takeOver = await shards.replicaCutOff("shard-0");
    expect(takeOver).to.be.a("function");
    await shards.go("dualWrite");
    expect(shards.lines.filter((line) => /lost writes|restarted/.test(line))).to.deep.equal([]);
  });
});
