/** No shard goes that the backend needs: its own guard and that of the stack refuse; and nothing guards what is gone already. */
import { expect } from "chai";
import { diff, remove } from "../../../migration/entrypoints/shard-guard";
import { remove as removeStack } from "../../../migration/entrypoints/stack-guard";
import type { Phase } from "../../../migration/phases";
import { BACKEND, PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";

const IN_USE = "the backend runs a ring with it. Leave that ring by a migration (or by its rollback) first.";
const isRefused = (shard: string) => `${shard} cannot be removed: ${IN_USE}`;
const isRefusedByForce = (shard: string) => `${shard} cannot be removed, not even by forceRemoveShards: ${IN_USE}`;

const connectionTo = (shards: Readonly<Record<string, string>>) => ({
  ...BACKEND,
  shards,
  access: "direct" as const,
  kubeContext: "",
});

describe("shards that a destroy would take", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  async function go(current: readonly string[], target: readonly string[], phases: readonly Phase[]): Promise<void> {
    [lab, cluster] = await Promise.all([RingLab.start(current, target), PaperCluster.start()]);
    const stack = new PaperStack(lab, cluster);
    await lab.fill(100);
    for (const phase of phases) await stack.up(phase);
  }
  const urls = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, lab.server(name).url]));
  const guard = (shard: string, forced: readonly string[] = []) =>
    remove(
      { shard, connection: connectionTo(urls([shard])), keyPrefix: "pcs:", uid: "u" },
      { forceRemoveShards: JSON.stringify(forced) },
    );
  const destroy = () => removeStack({ connection: connectionTo(urls(FOUR)), keyPrefix: "pcs:" }, {});

  for (const [current, target] of [
    [THREE, FOUR],
    [FOUR, THREE],
  ] as const) {
    for (const phases of [
      ["stable", "plan", "copy", "dualWrite"],
      ["stable", "plan", "copy", "dualWrite", "cutover"],
    ] as const) {
      it(`${current.length} → ${target.length}, in ${phases.at(-1)}: none, forced or not, and the stack says it of all at once`, async () => {
        await go(current, target, phases);
        for (const shard of FOUR) {
          expect((await errorOf(guard(shard))).message).to.equal(isRefused(shard));
          expect((await errorOf(guard(shard, FOUR))).message).to.equal(isRefusedByForce(shard));
        }
        expect((await errorOf(destroy())).message).to.equal(
          ["nothing has been deleted:", ...FOUR.map(isRefused)].join("\n"),
        );
      });
    }
  }

  it("with dual-write on, an empty one stays as well", async () => {
    await go(THREE, FOUR, ["stable", "plan", "copy", "dualWrite"]);
    await lab.server("shard-3").client.flushall();
    expect((await errorOf(guard("shard-3"))).message).to.equal(isRefused("shard-3"));
  });

  it("one that the backend reads stays though copies of all its keys are elsewhere", async () => {
    await go(FOUR, THREE, ["stable", "plan", "copy"]);
    expect((await errorOf(guard("shard-3"))).message).to.equal(isRefused("shard-3"));
    expect((await errorOf(destroy())).message).to.match(
      /^nothing has been deleted:\nshard-0 cannot be removed: it holds keys that no other.*\n.*\n.*\nshard-3 cannot be removed: /,
    );
  });

  it("one that joins, and nobody uses yet, may go; the stack may not while the others hold keys", async () => {
    await go(THREE, FOUR, ["stable", "plan", "copy"]);
    await guard("shard-3");
    expect((await errorOf(destroy())).message).to.match(
      /^nothing has been deleted:\nshard-0 .*\nshard-1 .*\nshard-2 .*$/,
    );
  });

  it("a ring without a key may go, and so may a stack whose shards run elsewhere", async () => {
    await go(THREE, FOUR, ["stable"]);
    await removeStack({ connection: connectionTo({}), keyPrefix: "pcs:" }, {});
    for (const name of FOUR) await lab.server(name).client.flushall();
    await destroy();
  });
});

describe("a guard whose StatefulSet is gone", () => {
  const URL = `redis://redis-dedup-shard-0-0.redis-dedup.${BACKEND.namespace}.svc:6379`;
  const guard = { shard: "shard-0", connection: connectionTo({ "shard-0": URL }), keyPrefix: "pcs:", uid: "old" };
  let cluster: PaperCluster;
  beforeEach(async () => {
    cluster = await PaperCluster.start();
    cluster.ring = { DEDUP_SHARDS: URL, DEDUP_DUAL_WRITE: "true", DEDUP_NEW_RING: "shard-0" };
    cluster.statefulSet = { metadata: { uid: "old" } };
  });
  afterEach(() => cluster.stop());

  const expectGuarded = async () => {
    expect((await errorOf(remove(guard, {}))).message).to.equal(isRefused("shard-0"));
  };

  it("guards it while it is there", expectGuarded);

  it("guards nothing once nothing has its name", async () => {
    cluster.statefulSet = undefined;
    await remove(guard, {});
    await removeStack(guard, {});
  });

  it("guards nothing once the run has made another one in its place, which stays", async () => {
    cluster.statefulSet = { metadata: { uid: "made by this run" } };
    expect(diff(guard, { ...guard, uid: "made by this run" })).to.include({ changes: true });
    await remove(guard, {});
  });

  it("guards one that somebody else has made in its place: it would be deleted by its name", async () => {
    cluster.statefulSet = { metadata: { uid: "made by hand" } };
    await expectGuarded();
    expect((await errorOf(removeStack(guard, {}))).message).to.contain(isRefused("shard-0"));
  });

  it("guards the one of before while Pulumi does not know yet what replaces it", async () => {
    diff(guard, { ...guard, uid: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    await expectGuarded();
  });

  it("does not take a cluster without the backend's ring for one in which the StatefulSet is gone", async () => {
    [cluster.statefulSet, cluster.ring] = [undefined, undefined];
    // It goes on to ask the shard, for which it reads how to log in.
    expect(await errorOf(remove(guard, { redis: "no JSON" }))).to.be.instanceOf(SyntaxError);
  });
});
