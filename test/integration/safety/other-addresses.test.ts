/** A backend that knows other addresses for the shards that join than the stack does. */
import { expect } from "chai";
import { createHash } from "node:crypto";
import type { RedisServer } from "../redis-servers";
import { RedisServer as Server } from "../redis-servers";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, RingLab, THREE } from "../ring-lab";

const KEYS = 600;
const FIVE = [...THREE, "shard-3", "shard-4"];
/** Later than that of the keys before: those are spread over some hundred milliseconds. */
const TTL_MS = 14 * 24 * 3_600_000 + 10_000;

describe("the addresses of joining shards, as the backend knows them", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  let elsewhere: RedisServer;
  beforeEach(async () => {
    [lab, cluster, elsewhere] = await Promise.all([RingLab.start(THREE, FIVE), PaperCluster.start(), Server.start()]);
    stack = new PaperStack(lab, cluster);
    await lab.fill(KEYS);
    for (const phase of ["stable", "plan", "copy"] as const) await stack.up(phase);
  });
  afterEach(async () => {
    cluster.stop();
    await Promise.all([lab.stop(), elsewhere.stop()]);
  });

  /** Acknowledged claims of pods under dual-write: on both owners, by the addresses that these pods know. */
  async function claim(
    count: number,
    from: number,
    addresses: Readonly<Record<string, RedisServer>> = {},
  ): Promise<void> {
    for (let i = from; i < from + count; i++) {
      const key = Buffer.from(`pcs:${createHash("sha256").update(`claim ${i}`).digest("hex")}`);
      const owners = new Set([lab.ownerOf(key, lab.rings.current), lab.ownerOf(key, lab.rings.target)]);
      for (const owner of owners) {
        await (addresses[owner] ?? lab.server(owner)).client.call("SET", key, `c-${i}`, "PXAT", Date.now() + TTL_MS);
      }
    }
  }
  const swapped = () => ({ "shard-3": lab.server("shard-4"), "shard-4": lab.server("shard-3") });

  it("are another server's: the reads do not move, however often that is tried", async () => {
    await stack.up("dualWrite");
    await claim(60, 0, { "shard-3": elsewhere });
    for (let attempt = 0; attempt < 2; attempt++) {
      expect((await errorOf(stack.passGate("cutover"))).message).to.match(
        /^\d+ of the \d+ newest claims are missing on shard-3: the backend and this stack do not agree on the addresses/,
      );
    }
    expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "2" });
  });

  it("are those of each other, found also where the catch-up has brought every copy to its owner", async () => {
    await stack.passGate("dualWrite");
    await stack.rollOut();
    await claim(60, 0, swapped());
    await stack.finish();
    expect((await errorOf(stack.passGate("cutover"))).message).to.match(
      /^shard-3 holds \d+ keys that other shards of the target ring own, and held 0 when the migration was planned: the backend/,
    );
    // What the message says goes on, once the backend has the right addresses.
    for (const phase of ["stable", "plan", "copy", "dualWrite"] as const) await stack.up(phase);
    await claim(60, 60);
    await stack.up("cutover");
  });

  it("are the stack's: claims arrive, a few are half-done, and left-overs of another ring are known", async () => {
    await lab.put("shard-3", Buffer.from("pcs:left-over 1"), Buffer.from("v"));
    await stack.up("stable");
    await lab.put("shard-3", Buffer.from("pcs:left-over 2"), Buffer.from("v"));
    for (const phase of ["plan", "copy", "dualWrite"] as const) await stack.up(phase);
    await claim(60, 0);
    await lab.fill(6, KEYS);
    await stack.up("cutover");
    expect(cluster.ring).to.include({ DEDUP_RING_EPOCH: "3" });
  });

  it("of claims that clients left half-way a repair is all that is to do", async () => {
    await stack.up("dualWrite");
    await lab.fill(60, KEYS);
    await errorOf(stack.passGate("cutover"));
    await stack.work("verify");
    await stack.up("cutover");
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });
});
