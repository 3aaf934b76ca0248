/** What stands before the loss of a shard's keys: a backup before anything is copied, and guards before it is removed. */
import { expect } from "chai";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../lab/kube";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const STRAY = "stray:key";
const REFUSAL =
  `shard-3 cannot be removed: it holds keys that no other shard holds, such as "${STRAY}". ` +
  `Run the migration through its cleanup first; keys without the prefix must be moved or deleted by hand, ` +
  `and a claim that its client left half-done goes when it expires.`;

describe("backups and guards of shards", function () {
  this.timeout(600_000);
  let directory: string;
  let world: World;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "dedup-shards-backups-"));
    world = await World.create({ namespace: "shards", shards: THREE, keys: 300 });
    await world.to("plan", { targetShards: FOUR });
  });
  after(async () => {
    await world.destroy();
    rmSync(directory, { recursive: true });
  });

  it("a backup that fails stops the copy before any key is copied", async () => {
    const snapshot = 'redis-cli -u "$REDIS_URL" --rdb "$BACKUP_FILE"';
    const command = `test "$SHARD_NAME" != shard-1 || { echo "disk full" >&2; exit 3; }; ${snapshot}`;
    await world.stack.setConfig({ migrationPhase: "copy", backup: { enabled: true, directory, command } });
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    expect(output).to.contain("disk full");
    expect(output).to.contain("the backup of shard-1 failed: its command ended with exit code 3.");
    expect(output).to.contain("More: docs/troubleshooting.md#failed-backup");
    expect(await (await world.keys.client("shard-3")).keys("pcs:*")).to.deep.equal([]);
  });

  it("once every current shard is backed up, the copy goes on", async () => {
    await world.to("copy", { backup: { enabled: true, directory } });
    const { migration_id: id } = (await world.stack.outputs())["migrationPlan"] as { migration_id: string };
    for (const shard of THREE) {
      const head = readFileSync(join(directory, id, `${shard}.rdb`)).subarray(0, 5);
      expect(head.toString(), shard).to.equal("REDIS");
    }
    expect(await (await world.keys.client("shard-3")).keys("pcs:*")).to.not.be.empty;
    await world.expectPlaced(THREE);
  });

  it("a backup is taken once per migration: an edited command does not run, and no snapshot is written over", async () => {
    const { migration_id: id } = (await world.stack.outputs())["migrationPlan"] as { migration_id: string };
    const snapshots = () => THREE.map((shard) => readFileSync(join(directory, id, `${shard}.rdb`)).toString("base64"));
    const before = snapshots();
    const command = `touch "${directory}/ran-again"; echo other > "$BACKUP_FILE"`;
    await world.to("copy", { backup: { enabled: true, directory, command } });
    expect(snapshots()).to.deep.equal(before);
    expect(readdirSync(directory)).to.deep.equal([id]);
    await world.stack.setConfig({ migrationPhase: "dualWrite" });
    const { code, output } = await world.stack.preview();
    expect(code, output).to.equal(0);
    expect(output).to.contain("RingGate").and.not.contain("command:local:Command");
  });

  it("a shard with a key that no other shard holds is not removed: neither in a preview nor without one", async () => {
    await (await world.keys.client("shard-3")).set(STRAY, "somebody's");
    await world.stack.setConfig({ migrationPhase: "stable" });
    for (const run of [await world.stack.preview(), await world.stack.up({ skipPreview: true })]) {
      expect(run.code, run.output).to.not.equal(0);
      expect(run.output).to.contain(REFUSAL);
    }
    await expectShardsRun(FOUR);
  });

  it("a shard whose keys others hold as well is removed", async () => {
    await (await world.keys.client("shard-0")).set(STRAY, "somebody's");
    await world.to("stable");
    expect(await world.kube.find("statefulset/redis-dedup-shard-3")).to.equal(undefined);
    await (await world.keys.client("shard-0")).unlink(STRAY);
    await world.expectPlaced(THREE);
  });

  it("a shard that is dead is removed only when it is named for that, and that never while it stays", async () => {
    await world.to("plan", { targetShards: [...THREE, "shard-4"] });
    await world.kube.run(["scale", "statefulset/redis-dedup-shard-4", "--replicas=0"]);
    await world.kube.run(["wait", "--for=delete", "pod/redis-dedup-shard-4-0", "--timeout=60s"]);

    await world.stack.setConfig({ migrationPhase: "stable" });
    const dead = await world.stack.up({ skipPreview: true });
    expect(dead.code, dead.output).to.not.equal(0);
    expect(dead.output).to.match(/shard-4 at \S+ cannot be reached: .*name it in forceRemoveShards/);
    expect(await world.kube.find("statefulset/redis-dedup-shard-4")).to.not.equal(undefined);

    await world.stack.setConfig({ migrationPhase: "plan", forceRemoveShards: ["shard-4"] });
    const stays = await world.stack.preview();
    expect(stays.code, stays.output).to.not.equal(0);
    expect(stays.output).to.contain('dedup-shards:forceRemoveShards[0] is "shard-4"; allowed: only shards that go');

    await world.stack.setConfig({ migrationPhase: "stable" });
    expect((await world.stack.preview()).output).to.contain("is removed without a look at its keys");
    await world.stack.mustUp({ skipPreview: true });
    expect(await world.kube.find("statefulset/redis-dedup-shard-4")).to.equal(undefined);
    await world.expectPlaced(THREE);
  });

  it("a pod made while the Redis of another one has its volume waits for that one's end, and has what it wrote", async () => {
    const cli = (pod: string, ...args: readonly string[]) => world.kube.exec(pod, "redis-cli", ...args);
    const { spec } = await world.kube.get("pod/redis-dedup-shard-0-0");
    const metadata = { name: "second", labels: { test: "second" } };
    await world.kube.apply({ apiVersion: "v1", kind: "Pod", metadata, spec });
    const waits = "waiting for the end of the process that has locked /data\n";
    await until("the second pod's log", async () => (await world.kube.logs("pod/second").catch(() => "")) || undefined);
    expect(await cli("redis-dedup-shard-0-0", "set", "stray:late", "written while it waits")).to.equal("OK\n");
    expect(await world.kube.logs("pod/second")).to.equal(waits);

    await world.kube.run(["scale", "statefulset/redis-dedup-shard-0", "--replicas=0"]);
    await world.kube.wait("pod/second", "condition=Ready");
    expect(await cli("second", "get", "stray:late")).to.equal("written while it waits\n");
    expect(await cli("second", "unlink", "stray:late")).to.equal("1\n");
    await world.kube.delete("pod/second");
    await world.kube.run(["scale", "statefulset/redis-dedup-shard-0", "--replicas=1"]);
    await world.kube.waitRollout("statefulset/redis-dedup-shard-0");
    world.keys.close();
    await world.expectPlaced(THREE);
  });

  it("a destroy fails while shards hold keys, before it deletes one of them, or the ring that the backend reads", async () => {
    const { code, output } = await world.stack.destroy();
    expect(code, output).to.not.equal(0);
    expect(output).to.contain("cannot be removed: it holds keys that no other shard holds");
    await expectShardsRun(THREE);
    expect((await world.kube.get("configmap/backend-config"))["data"]).to.include({ DEDUP_DUAL_WRITE: "false" });
    await world.backend.ready();
    await world.expectPlaced(THREE);
  });

  async function expectShardsRun(shards: readonly string[]): Promise<void> {
    for (const shard of shards) {
      const { status } = await world.kube.get(`statefulset/redis-dedup-${shard}`);
      expect(status, shard).to.include({ readyReplicas: 1 });
    }
  }
});
