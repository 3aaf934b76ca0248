/** Hashes whose fields have lives of their own (Redis 7.4 and newer): lives are compared, and what is over is no difference. */
import { expect } from "chai";
import { catchUp } from "../../migration/engines/catch-up";
import { drain } from "../../migration/engines/drain";
import { preCopy } from "../../migration/engines/pre-copy";
import { FOUR, PACE, RingLab, THREE, TOLERANCE_MS } from "./ring-lab";

const HOUR_MS = 3_600_000;
/** Nothing expires by itself, so that a field whose time is up is still there until somebody looks. */
const LAZY = ["--enable-debug-command", "yes"];

describe("hashes whose fields expire", function () {
  this.timeout(30_000);
  let lab: RingLab;
  /** What was compared in one epoch is not compared again in it. */
  let epoch = 1;
  beforeEach(async () => {
    lab = await RingLab.start(THREE, FOUR, { kind: "redis-8.0", settings: LAZY });
    for (const { client } of lab.servers.values()) await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    await lab.begin();
  });
  afterEach(() => lab.stop());

  const target = () => lab.server("shard-3").client;
  const sourceOf = (key: Buffer) => lab.server(lab.ownerOf(key, lab.rings.current)).client;
  const lives = async (client: ReturnType<typeof target>, key: Buffer) =>
    client.call("HPEXPIRETIME", key, "FIELDS", 2, "f", "g");
  const copyAll = () => lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
  const compareAll = () => lab.run((run) => catchUp(run, lab.record, lab.forward, ++epoch, PACE, TOLERANCE_MS));
  const drainAll = () =>
    lab.run((run) =>
      drain(run, { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: ++epoch }),
    );

  for (const [name, fields] of [
    ["a small hash", 2],
    ["a hash that is read in parts", 5_000],
  ] as const) {
    it(`${name}: a life that only one shard has is a difference, and is repaired`, async () => {
      const key = lab.moverNamed(name);
      await sourceOf(key).hset(
        key,
        ...Array.from({ length: fields }, (_, i) => [`x${i}`, "v"]).flat(),
        "f",
        "v",
        "g",
        "w",
      );
      await sourceOf(key).call("HPEXPIREAT", key, Date.now() + HOUR_MS, "FIELDS", 1, "f");
      expect(await copyAll()).to.include({ missing: 1, repaired: 1 });
      expect(await compareAll()).to.include({ checked: 1, different: 0 });
      await target().call("HPERSIST", key, "FIELDS", 1, "f");
      expect(await compareAll()).to.include({ different: 1, repaired: 1 });
      expect(await lives(target(), key)).to.deep.equal(await lives(sourceOf(key), key));
      expect(await drainAll()).to.deep.equal({ checked: 1, deleted: 1, rescued: 0 });
      expect(await lives(target(), key))
        .to.have.nested.property("[0]")
        .above(0);
    });
  }

  it("a value that spells a life, and its length, is no life", async () => {
    const key = lab.moverNamed("spelled");
    const at = Date.now() + HOUR_MS;
    await sourceOf(key).hset(key, "f", "abc");
    await sourceOf(key).call("HPEXPIREAT", key, at, "FIELDS", 1, "f");
    await copyAll();
    await target().del(key);
    await target().hset(key, "f", `3:abc${at}`);
    expect(await compareAll()).to.include({ checked: 1, different: 1, repaired: 1 });
    expect(await target().hget(key, "f")).to.equal("abc");
  });

  it("a field that expired on one shard, and is not yet gone on the other, is no difference", async () => {
    const key = lab.moverNamed("field");
    await sourceOf(key).hset(key, "f", "v", "g", "w");
    await sourceOf(key).call("HPEXPIREAT", key, Date.now() + HOUR_MS, "FIELDS", 1, "f");
    await copyAll();
    // It is about to expire: on the one it does, on the other it is gone already.
    await sourceOf(key).call("HPEXPIREAT", key, Date.now() + 900, "FIELDS", 1, "f");
    await target().hdel(key, "f");
    expect(await compareAll()).to.include({ checked: 1, different: 0, missing: 0 });
  });

  it("a hash of which every field is over counts as no key", async () => {
    const key = lab.moverNamed("over");
    await sourceOf(key).hset(key, "f", "v");
    await sourceOf(key).call("HPEXPIRE", key, 1, "FIELDS", 1, "f");
    while ((await sourceOf(key).hgetall(key))["f"] !== undefined) await sourceOf(key).ping();
    await copyAll();
    expect(await compareAll()).to.include({ missing: 0, different: 0, extra: 0 });
    expect(await drainAll()).to.include({ deleted: 0, rescued: 0 });
  });
});
