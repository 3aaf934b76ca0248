/** Others write the ring on a real API server: the lock refuses them, and without it no phase goes by what they wrote. */
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster } from "../../migration/adapters/cluster";
import { ClusterRing } from "../../migration/adapters/kubernetes/ring-source";
import { kubectl, until, type KubeObject } from "../lab/kube";
import { LAB_CONFIG, World } from "./world";

const TWO = ["shard-0", "shard-1"];
const THREE = [...TWO, "shard-2"];
const NAMESPACE = "ring-writers";
const LOCK = `dedup-shards.ring.${NAMESPACE}.backend-config`;
const POLICY = "validatingadmissionpolicy";
const BOTH = `${POLICY},${POLICY}binding`;
/** Pods that do not start hold a rollout until its end. */
const BACKEND = { ...(LAB_CONFIG["backend"] as Record<string, unknown>), rolloutTimeoutMs: 30_000 };

type Data = Readonly<Record<string, string>>;

describe("other writers of the ring, from the inside", function () {
  this.timeout(600_000);
  let world: World;
  let manifest: KubeObject;

  before(async () => {
    const config = { backend: BACKEND, ringLock: { enabled: true } };
    world = await World.create({ namespace: NAMESPACE, shards: TWO, keys: 100, config });
    const { metadata, ...configMap } = await world.kube.get("configmap/backend-config");
    manifest = { ...configMap, metadata: { name: metadata.name }, data: { ...(await ring()), DEDUP_RING_EPOCH: "0" } };
    await until("the lock", () => refusal(["patch", "configmap/backend-config", "--dry-run=server", ...merge(OTHER)]));
  });
  after(async () => {
    await world.destroy();
    await kubectl(["delete", BOTH, LOCK, "--ignore-not-found"]);
  });

  const ring = async () => (await world.kube.get("configmap/backend-config"))["data"] as Data;
  const OTHER = { DEDUP_SHARDS: "redis://elsewhere:6379" };
  const merge = (data: object) => ["--type=merge", "-p", JSON.stringify({ data })];
  const refusal = (args: readonly string[], input?: string) =>
    world.kube.run(args, input).then(
      () => undefined,
      (error: Error) => error.message,
    );

  it("the lock refuses every write of an old ring, and lets everything else of the ConfigMap pass", async () => {
    const before = await ring();
    const file = JSON.stringify({ ...manifest, data: { ...manifest["data"]!, LOG_LEVEL: "warn" } });
    const remove = JSON.stringify([{ op: "remove", path: "/data/DEDUP_NEW_RING" }]);
    const patch = ["patch", "configmap/backend-config"];
    for (const [args, input] of [
      [["apply", "-f", "-"], file],
      [["replace", "-f", "-"], file],
      [["apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f", "-"], file],
      [[...patch, ...merge(OTHER)], ""],
      [[...patch, ...merge({ ...OTHER, DEDUP_RING_EPOCH: "0" })], ""],
      [[...patch, ...merge({ ...OTHER, DEDUP_RING_EPOCH: "one more" })], ""],
      [[...patch, ...merge({ DEDUP_RING_CHECKSUM: "0000000000000000" })], ""],
      [[...patch, "--type=json", "-p", remove], ""],
      [["delete", "configmap/backend-config"], ""],
    ] as const) {
      const message = (await refusal(args, input)) ?? "it was written";
      expect(message, `${args.join(" ")}: ${message}`).to.match(/denied request: .*(is locked|is not deleted)/);
    }
    expect(await ring()).to.deep.equal(before);
    await world.kube.run([...patch, ...merge({ LOG_LEVEL: "debug" })]);
    expect(await ring()).to.deep.equal({ ...before, LOG_LEVEL: "debug" });
  });

  it("every version of the ring is read from the API server's watch, a deletion included", async () => {
    const place = { namespace: NAMESPACE, configMap: "watched", deployment: "backend" };
    const source = new ClusterRing(new Cluster(), place);
    const { resourceVersion } = await source.now();
    const write = (epoch: string) =>
      world.kube.run(["patch", "configmap/watched", ...merge({ DEDUP_RING_EPOCH: epoch })]);
    const create = ["create", "configmap", "watched", "--from-literal=DEDUP_RING_EPOCH=1"];
    await world.kube.run(create);
    await write("2");
    await world.kube.delete("configmap/watched");
    await world.kube.run(create);
    await write("3");
    const epochs = async (since: string) =>
      (await source.since(since))?.map(({ data }) => data?.["DEDUP_RING_EPOCH"] ?? "deleted");
    expect(await epochs(resourceVersion)).to.deep.equal(["1", "2", "deleted", "1", "3"]);
    expect(await epochs((await source.now()).resourceVersion)).to.deep.equal(["3"]);
  });

  it("the lock does not hold the deletion of the namespace", async () => {
    const other = `${NAMESPACE}-other`;
    const renamed = (object: KubeObject) =>
      JSON.stringify({ ...object, metadata: { name: LOCK } })
        .replaceAll(LOCK, `${LOCK}-other`)
        .replaceAll(`"${NAMESPACE}"`, `"${other}"`);
    const locks = [await world.kube.get(`${POLICY}/${LOCK}`), await world.kube.get(`${POLICY}binding/${LOCK}`)];
    await kubectl(["create", "namespace", other]);
    await kubectl(["create", "--namespace", other, "configmap", "backend-config", "--from-literal=DEDUP_RING_EPOCH=1"]);
    for (const lock of locks) await kubectl(["create", "-f", "-"], renamed(lock));
    const remove = ["delete", "--namespace", other, "configmap/backend-config", "--dry-run=server"];
    await until("the other lock", () =>
      kubectl(remove).then(
        () => undefined,
        () => true,
      ),
    );
    await kubectl(["delete", "namespace", other, "--timeout=60s"]);
    await kubectl(["delete", BOTH, `${LOCK}-other`]);
  });

  it("the product's own moves pass the lock, there and back", async () => {
    await world.to("plan", { targetShards: THREE });
    await world.to("copy");
    await world.to("dualWrite");
    expect(await ring()).to.include({ DEDUP_DUAL_WRITE: "true", DEDUP_RING_EPOCH: "2" });
    await world.to("copy");
    expect(await ring()).to.include({ DEDUP_DUAL_WRITE: "false", DEDUP_RING_EPOCH: "3" });
  });

  it("without the lock a controller that puts keys back holds the phase; when it stops, `pulumi up` goes on", async () => {
    const { DEDUP_SHARDS, DEDUP_DUAL_WRITE, DEDUP_NEW_RING } = await ring();
    const theirs = { DEDUP_SHARDS, DEDUP_DUAL_WRITE, DEDUP_NEW_RING };
    // Pulumi takes the lock away at the end of an `up`, so the move is another one.
    await world.to("copy", { ringLock: { enabled: false } });
    await world.stack.setConfig({ migrationPhase: "dualWrite" });
    let heals = true;
    const controller = (async () => {
      for (; heals; await sleep(200)) {
        if ((await ring())["DEDUP_DUAL_WRITE"] !== "true") continue;
        await world.kube.run([
          ...["patch", "configmap/backend-config", "--field-manager=argocd-controller"],
          ...merge(theirs),
        ]);
      }
    })();
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    expect(output).to.not.contain("catch-up: done");
    expect(await ring()).to.include({ ...theirs, DEDUP_RING_EPOCH: "4" });
    heals = false;
    await controller;
    const { output: healed } = await world.to("dualWrite");
    expect(healed).to.contain("barrier: every backend pod runs ring epoch 4").and.to.contain("catch-up: done");
    expect(await ring()).to.include({ DEDUP_DUAL_WRITE: "true", DEDUP_RING_EPOCH: "4" });
    await world.backend.ready();
    await world.expectPlaced(TWO, TWO);
    expect(await world.kube.find(`${POLICY}/${LOCK}`)).to.equal(undefined);
  });
});
