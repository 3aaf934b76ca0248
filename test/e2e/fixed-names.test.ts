/** A shard that holds keys is never made onto itself and then deleted; and where its StatefulSet is gone nothing is held. */
import { expect } from "chai";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const STATEFUL_SET = "statefulset/redis-dedup-shard-0";

describe("objects of fixed names", function () {
  this.timeout(600_000);
  let world: World;
  before(async () => {
    world = await World.create({ namespace: "fixed-names", shards: THREE, keys: 100 });
  });
  after(() => world.destroy());

  async function urns(): Promise<string[]> {
    const { deployment } = (await world.stack.exportState()) as { deployment: { resources: { urn: string }[] } };
    return deployment.resources.map(({ urn }) => urn);
  }

  /** `pulumi state taint` of the first shard's StatefulSet, or what takes that back. */
  async function inState(command: "taint" | "untaint"): Promise<void> {
    const urn = (await urns()).find((each) => each.endsWith("::redis-dedup-shard-0-statefulset")) ?? "";
    const { code, output } = await world.stack.manage(["state", command, "--yes", "--stack", world.stack.name, urn]);
    expect(code, output).to.equal(0);
  }

  const uid = async () => (await world.kube.get(STATEFUL_SET)).metadata.uid;

  it("a StatefulSet with keys that `state taint` has marked is not replaced: its guard is asked first", async () => {
    const before = await uid();
    await inState("taint");
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    expect(output).to.contain("shard-0 cannot be removed: it holds keys that no other shard holds");
    expect(await uid()).to.equal(before);
    await inState("untaint");
    await world.expectPlaced(THREE);
  });

  it("a StatefulSet that was deleted by hand, its pod kept, is made again, and its guard holds nothing up", async () => {
    const before = await uid();
    await world.kube.run(["delete", STATEFUL_SET, "--cascade=orphan"]);
    await world.stack.refresh();
    await world.stack.mustUp({ skipPreview: true });
    expect(await uid()).to.not.equal(before);
    await world.stack.mustUp({ skipPreview: true });
    await world.expectPlaced(THREE);
  });

  it("a destroy in dual-write deletes nothing, not even of the shard that joins", async () => {
    await world.to("plan", { targetShards: FOUR });
    await world.to("copy");
    await world.to("dualWrite");
    const { code, output } = await world.stack.destroy();
    expect(code, output).to.not.equal(0);
    expect(output)
      .to.contain("nothing has been deleted:")
      .and.to.contain("shard-3 cannot be removed: the backend runs");
    const names = (await urns()).map((urn) => urn.split("::").at(-1));
    expect(names).to.include.members(["report", ...FOUR.map((shard) => `redis-dedup-${shard}-statefulset`)]);
    const { missing, different } = await world.keys.placement(FOUR);
    expect([...missing, ...different]).to.deep.equal([]);
  });
});
