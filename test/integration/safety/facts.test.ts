/** What was noted of a migration holds for its own time only: a cutover for that cutover, a pre-copy once it is done. */
import { expect } from "chai";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import { preCopy, sourcesNotCopied } from "../../../migration/engines/pre-copy";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { atCall, errorOf, FOUR, Killed, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "../ring-lab";

describe("facts of a migration", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    await lab.fill(300);
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  const recorded = async () =>
    JSON.parse((await lab.server("shard-0").client.get("dedup-shards:migration")) ?? "") as {
      readonly cutover?: { readonly epoch: number; readonly atMs: number };
    };

  it("the TTL window begins at the last cutover, not at one that was taken back", async () => {
    for (const phase of ["stable", "plan", "copy", "dualWrite", "cutover"] as const) await stack.up(phase);
    const first = (await recorded()).cutover;
    for (const phase of ["dualWrite", "cutover"] as const) await stack.up(phase);
    const second = (await recorded()).cutover;
    expect([first?.epoch, second?.epoch]).to.deep.equal([3, 5]);
    const sinceFirstMs = Date.now() - (first?.atMs ?? 0);
    // Over for the cutover that was taken back, and not for the one in force.
    stack.settings = { ...stack.settings, ttlWindowMs: sinceFirstMs };
    expect((await errorOf(stack.passGate("cleanup"))).message).to.contain(
      `cleanup opens at ${new Date((second?.atMs ?? 0) + sinceFirstMs).toISOString()}`,
    );
    // An `up` in the same epoch is no new cutover.
    await stack.work("catchUp");
    expect((await recorded()).cutover).to.deep.equal(second);
  });

  it("a pre-copy that was killed on one source counts as done on the others only", async () => {
    // Several pages of a scan on each source, with a checkpoint behind each.
    await lab.fill(6_000, 300);
    await lab.begin();
    const die = () => {
      throw new Killed();
    };
    const dying = { before: atCall("add", 60, die) };
    const killed = lab.run((run) => preCopy(tapped(run, dying), lab.record, PACE, TOLERANCE_MS));
    expect(await errorOf(killed)).to.be.instanceOf(Killed);
    const left = await lab.run((run) => sourcesNotCopied(run, lab.record));
    expect(left).to.not.deep.equal([]);
    expect(left).to.have.members(await sourcesWithout("done"));
    expect(await sourcesWithout("checkpoint"), "each source has begun").to.deep.equal([]);
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    expect(await lab.run((run) => sourcesNotCopied(run, lab.record))).to.deep.equal([]);
  });

  /** Current shards whose checkpoint is missing or not done, as a look at the servers finds them. */
  async function sourcesWithout(what: "checkpoint" | "done"): Promise<string[]> {
    const found = await Promise.all(
      THREE.map(async (name) => {
        const text = await lab.server(name).client.get("dedup-shards:checkpoint:pre-copy");
        const isThere = what === "checkpoint" ? text !== null : (text ?? "").includes('"done":true');
        return isThere ? undefined : name;
      }),
    );
    return found.filter((name) => name !== undefined);
  }

  it("a gate looks at shards whose addresses only the other side of the move knows", async () => {
    for (const phase of ["stable", "plan", "copy", "dualWrite"] as const) await stack.up(phase);
    // An `up` to stable died behind its gate, which had forgotten shard-3; a refresh found the ring of dual-write.
    const known = stack.state as CheckedGateInputs;
    const shards = Object.fromEntries(Object.entries(known.connection.shards).filter(([name]) => name !== "shard-3"));
    stack.state = { ...known, connection: { ...known.connection, shards } };
    await stack.up("cutover");
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
    stack.state = { ...stack.state, connection: { ...known.connection, shards } };
    await lab.server("shard-3").client.flushall();
    expect((await errorOf(stack.passGate("cleanup"))).message).to.match(/^shard-3 does not know migration /);
  });
});
