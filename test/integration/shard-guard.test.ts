/** A shard that goes with the only copy of a key would take it along. */
import { expect } from "chai";
import { remove } from "../../migration/entrypoints/shard-guard";
import { check } from "../../migration/entrypoints/shard-set";
import { GateClosedError } from "../../migration/engines/errors";
import { BACKEND, PaperCluster } from "./paper-cluster";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const KEY = Buffer.from("pcs:only");
const REFUSAL =
  'shard-3 cannot be removed: it holds keys that no other shard holds, such as "pcs:only". ' +
  "Run the migration through its cleanup first; keys without the prefix must be moved or deleted by hand, " +
  "and a claim that its client left half-done goes when it expires.";

describe("a shard that is to go", function () {
  this.timeout(30_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    cluster.ring = { DEDUP_SHARDS: THREE.map((name) => lab.server(name).url).join(",") };
    await lab.put("shard-3", KEY, Buffer.from("v"));
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  const connectionTo = (names: readonly string[]) => ({
    ...BACKEND,
    shards: Object.fromEntries(names.map((name) => [name, lab.server(name).url])),
    access: "direct" as const,
    kubeContext: "",
  });
  const ring = { shards: THREE, targetShards: THREE, vnodes: 150, keyPrefix: "pcs:" };
  const previewed = async () => {
    const { failures } = await check(
      { ring, connection: connectionTo(FOUR) },
      { ring, connection: connectionTo(THREE) },
      {},
    );
    return failures.map(({ reason }) => reason);
  };
  const removed = () =>
    remove({ shard: "shard-3", connection: connectionTo(["shard-3"]), keyPrefix: "pcs:", uid: "u" }, {});

  it("stays while it holds a key that no shard of the live ring holds: neither preview nor delete lets it go", async () => {
    expect(await previewed()).to.deep.equal([REFUSAL]);
    const error = await errorOf(removed());
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error.message).to.equal(REFUSAL);
  });

  it("goes when a shard of the live ring holds its keys as well", async () => {
    await lab.put("shard-0", KEY, Buffer.from("v"));
    expect(await previewed()).to.deep.equal([]);
    await removed();
  });

  it("goes while its copies are on their way out: they expire here a little later than elsewhere", async () => {
    await lab.put("shard-3", KEY, Buffer.from("v"), Date.now() + 900);
    expect(await previewed()).to.deep.equal([]);
    await removed();
  });

  it("goes while a claim is on its way to its other owner", async () => {
    const removing = removed();
    await lab.put("shard-0", KEY, Buffer.from("v"));
    await removing;
  });

  it("goes when it is empty", async () => {
    await lab.server("shard-3").client.flushall();
    expect(await previewed()).to.deep.equal([]);
    await removed();
  });

  it("stays while only a shard outside the live ring holds its keys as well", async () => {
    cluster.ring = { DEDUP_SHARDS: lab.server("shard-1").url };
    await lab.put("shard-0", KEY, Buffer.from("v"));
    expect((await errorOf(removed())).message).to.equal(REFUSAL);
  });
});
