/** Somebody else changes what Pulumi wrote, of which Pulumi sees nothing: what the messages name goes on, by the real Pulumi. */
import { expect } from "chai";
import { OWNED_KEYS } from "../../migration/contract/ring-config-map";
import { LAB_CONFIG, World } from "./world";

const TWO = ["shard-0", "shard-1"];
const THREE = [...TWO, "shard-2"];
/** Pods are not asked, so that their annotations count. */
const BACKEND = { ...(LAB_CONFIG["backend"] as Record<string, unknown>), metricsPort: undefined };

type Data = Readonly<Record<string, string>>;

const ownedOf = (data: Data): Data =>
  Object.fromEntries(Object.entries(data).filter(([key]) => OWNED_KEYS.includes(key)));

describe("what somebody else made of the ring", function () {
  this.timeout(600_000);
  let world: World;
  /** The ring that a chart has, as it was before the first `up`. */
  let chart: Data;
  before(async () => {
    world = await World.create({ namespace: "live-ring", shards: TWO, keys: 50, config: { backend: BACKEND } });
    const { DEDUP_SHARDS, DEDUP_DUAL_WRITE, DEDUP_NEW_RING } = await ring();
    chart = { DEDUP_SHARDS: DEDUP_SHARDS!, DEDUP_DUAL_WRITE: DEDUP_DUAL_WRITE!, DEDUP_NEW_RING: DEDUP_NEW_RING! };
    await world.to("plan", { targetShards: THREE });
    await world.to("copy");
    await world.to("dualWrite");
  });
  after(() => world.destroy());

  const ring = async () => (await world.kube.get("configmap/backend-config"))["data"] as Data;
  const preview = async () => (await world.stack.preview()).output;
  /** As Helm 3 upgrades a release: a merge patch of what its chart has. */
  const upgrade = () =>
    world.kube.run([
      ...["patch", "configmap/backend-config", "--field-manager=helm", "--type=merge", "-p"],
      JSON.stringify({ data: { ...chart, DEDUP_RING_EPOCH: "0" } }),
    ]);

  it("a pod template that was undone is named by each preview, shuts the gate, and is put right by --refresh", async () => {
    await world.kube.run(["rollout", "undo", "deployment/backend"]);
    await world.backend.ready();
    expect(await preview())
      .to.contain("pods are annotated with ring epoch 1 instead of 2")
      .and.to.contain("Run `pulumi up --refresh`");
    await world.stack.setConfig({ migrationPhase: "cutover" });
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    expect(output).to.contain('Set migrationPhase to "dualWrite" and run `pulumi up --refresh` first.');
    await world.stack.setConfig({ migrationPhase: "dualWrite" });
    await world.stack.mustUp({ refresh: true });
    expect(await preview()).to.not.contain("warning: the live ring");
  });

  it("a ConfigMap that was deleted is named by the next preview, and written again by --refresh", async () => {
    const before = await ring();
    await world.kube.delete("configmap/backend-config");
    expect(await preview())
      .to.contain("ConfigMap live-ring/backend-config does not exist")
      .and.to.contain("Run `pulumi up --refresh`");
    await world.stack.mustUp({ refresh: true });
    expect(await ring()).to.deep.equal(ownedOf(before));
    expect(await preview()).to.not.contain("warning: the live ring");
  });

  it("a chart's ring in dualWrite is no unchanged stack: the preview names Helm, and `pulumi up` makes the move again", async () => {
    await upgrade();
    expect(await preview())
      .to.contain('The live ring ConfigMap is at epoch 0 with the ring of migrationPhase "copy"')
      .and.to.match(/warning: helm owns DEDUP_DUAL_WRITE, .* of ConfigMap live-ring\/backend-config/);
    const { output } = await world.to("dualWrite");
    expect(output).to.contain("barrier: every backend pod runs ring epoch 3").and.to.contain("catch-up: done");
    expect(await ring()).to.include({ DEDUP_DUAL_WRITE: "true", DEDUP_RING_EPOCH: "3" });
  });

  it("an `up` that got no further than its gate asks it again in full, for the world is another one by then", async () => {
    // Pulumi cannot write it any more, so the run ends behind its gate.
    await world.kube.run([
      "patch",
      "configmap/backend-config",
      "--type=merge",
      "-p",
      JSON.stringify({ immutable: true }),
    ]);
    await world.stack.setConfig({ migrationPhase: "cutover" });
    const failed = await world.stack.up({ skipPreview: true });
    expect(failed.code, failed.output).to.not.equal(0);
    expect(failed.output).to.contain('gate: "dualWrite" → "cutover" is open');
    await world.kube.delete("configmap/backend-config");
    const metadata = { name: "backend-config" };
    await world.kube.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      data: { ...chart, DEDUP_RING_EPOCH: "1" },
    });
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    expect(output)
      .to.contain('is in "cutover" at epoch 4: the last move was not made, or an older ring was put back.')
      .and.to.contain('go on from "copy" instead');
    const { output: again } = await world.to("dualWrite");
    for (const check of ["oneStep", "planned", "healthy", "preCopied"]) expect(again).to.contain(`gate: ${check}?`);
    expect(await ring()).to.include({ DEDUP_DUAL_WRITE: "true", DEDUP_RING_EPOCH: "5" });
  });

  it("a chart's ring behind the migration is no unchanged stack either", async () => {
    await world.to("cutover");
    await world.to("cleanup");
    await world.to("stable", { shards: THREE });
    await world.expectPlaced(THREE);
    const before = await ring();
    await upgrade();
    expect(await preview()).to.contain("The live ring ConfigMap is at epoch 0");
    await world.stack.mustUp({ skipPreview: true });
    expect(await ring()).to.include({ DEDUP_SHARDS: before["DEDUP_SHARDS"]!, DEDUP_RING_EPOCH: "8" });
    await world.backend.ready();
    await world.expectPlaced(THREE);
  });
});
