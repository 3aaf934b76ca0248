import { expect } from "chai";
import { openShards, type OpenShards } from "../../migration/adapters/open-shards";
import type { RedisShard } from "../../migration/adapters/redis-shard";
import { FencedError } from "../../migration/engines/errors";
import { ABSENT, type Bundle, type KeyCopy } from "../../migration/engines/shard-store";
import { errorOf, RingLab } from "./ring-lab";

const KEY = Buffer.from("pcs:k");
const MINUTE = 60_000;
const MIB = 1 << 20;

describe("writes to a shard", function () {
  this.timeout(30_000);
  let lab: RingLab;
  let open: OpenShards;
  let shard: RedisShard;
  let other: RedisShard;

  beforeEach(async () => {
    lab = await RingLab.start(["a", "b"], ["a", "b"]);
    open = await openShards(lab.plan().addresses, lab.plan().access);
    [shard, other] = open.shards as [RedisShard, RedisShard];
  });
  afterEach(async () => {
    open.close();
    await lab.stop();
  });

  /** A key as the other shard holds it. */
  async function copyOf(value: string, expiresAtMs = -1): Promise<KeyCopy> {
    await lab.put("b", KEY, Buffer.from(value), expiresAtMs);
    const [copy] = await other.read([KEY], MIB);
    if (!copy) throw new Error("no copy");
    return copy;
  }
  async function bundleOf(value: string): Promise<Bundle> {
    await lab.put("b", KEY, Buffer.from(value));
    return other.bundle([KEY], MIB);
  }
  const held = () => lab.server("a").client.get(KEY);
  const state = async () => (await shard.inspect([KEY])).states[0] ?? ABSENT;

  describe("are refused to a token that does not hold the lock", () => {
    const attempts = [
      ["write", async () => shard.write("mine", [{ key: KEY, expected: ABSENT, ...(await copyOf("new")) }])],
      ["add", async () => shard.add("mine", await bundleOf("new"))],
      ["remove", async () => shard.remove("mine", [KEY], [await state()])],
      ["write a record", () => shard.writeRecord("mine", "migration", "new")],
      ["delete a record", () => shard.writeRecord("mine", "migration", undefined)],
    ] as const;

    for (const [name, attempt] of attempts) {
      it(`${name}: nobody holds it`, async () => {
        await lab.put("a", KEY, Buffer.from("old"));
        await lab.server("a").client.set("dedup-shards:migration", "old");
        const error = await errorOf(attempt());
        expect(error).to.be.instanceOf(FencedError);
        expect(error.message).to.equal(
          "this run lost its lock on a (now: nobody holds the lock), so it stopped writing. " +
            "If no other run is at work, run `pulumi up` again: it goes on from its checkpoint.",
        );
        expect(await held()).to.equal("old");
        expect(await lab.server("a").client.get("dedup-shards:migration")).to.equal("old");
      });

      it(`${name}: another run holds it`, async () => {
        await lab.put("a", KEY, Buffer.from("old"));
        await lab.server("a").client.set("dedup-shards:migration", "old");
        expect(await shard.lock("theirs", "pre-copy on ci-7", MINUTE)).to.deep.equal({ taken: true });
        const error = await errorOf(attempt());
        expect(error).to.be.instanceOf(FencedError);
        expect(error.message).to.contain("this run lost its lock on a (now: pre-copy on ci-7), so it stopped writing.");
        expect(await held()).to.equal("old");
        expect(await lab.server("a").client.get("dedup-shards:migration")).to.equal("old");
      });
    }

    it("also when its lock on another shard still holds", async () => {
      await other.lock("mine", "me", MINUTE);
      const error = await errorOf(shard.write("mine", [{ key: KEY, expected: ABSENT, ...(await copyOf("new")) }]));
      expect(error).to.be.instanceOf(FencedError);
      expect(await held()).to.equal(null);
    });
  });

  describe("with the lock", () => {
    beforeEach(() => shard.lock("mine", "me", MINUTE));

    it("write a key that is absent, as expected", async () => {
      const copy = await copyOf("new", Date.now() + MINUTE);
      expect(await shard.write("mine", [{ key: KEY, expected: ABSENT, ...copy }])).to.deep.equal(["written"]);
      expect(await held()).to.equal("new");
      expect(await lab.server("a").client.pexpiretime(KEY)).to.equal(Number(copy.expiresAt));
    });

    it("replace what is held, as expected", async () => {
      await lab.put("a", KEY, Buffer.from("old"));
      const expected = await state();
      expect(await shard.write("mine", [{ key: KEY, expected, ...(await copyOf("new")) }])).to.deep.equal(["written"]);
      expect(await held()).to.equal("new");
    });

    it("do not overwrite a key that changed since it was read", async () => {
      await lab.put("a", KEY, Buffer.from("old"));
      const expected = await state();
      await lab.put("a", KEY, Buffer.from("newer"));
      expect(await shard.write("mine", [{ key: KEY, expected, ...(await copyOf("new")) }])).to.deep.equal(["changed"]);
      expect(await held()).to.equal("newer");
    });

    it("do not overwrite the same value once it lives longer: that is another claim's life", async () => {
      await lab.put("a", KEY, Buffer.from("same"), Date.now() + MINUTE);
      const expected = await state();
      await lab.put("a", KEY, Buffer.from("same"), expected.expiresAtMs + 1);
      const copy = await copyOf("same", expected.expiresAtMs);
      expect(await shard.write("mine", [{ key: KEY, expected, ...copy }])).to.deep.equal(["changed"]);
      expect(await lab.server("a").client.pexpiretime(KEY)).to.equal(expected.expiresAtMs + 1);
      expect(await shard.remove("mine", [KEY], [expected])).to.deep.equal(["changed"]);
      expect(await held()).to.equal("same");
    });

    it("do not overwrite a key that appeared since it was found absent", async () => {
      await lab.put("a", KEY, Buffer.from("newer"));
      expect(await shard.write("mine", [{ key: KEY, expected: ABSENT, ...(await copyOf("new")) }])).to.deep.equal([
        "changed",
      ]);
      expect(await held()).to.equal("newer");
    });

    it("do not bring back a key that vanished since it was read", async () => {
      await lab.put("a", KEY, Buffer.from("old"));
      const expected = await state();
      await lab.server("a").client.del(KEY);
      expect(await shard.write("mine", [{ key: KEY, expected, ...(await copyOf("new")) }])).to.deep.equal(["changed"]);
      expect(await held()).to.equal(null);
    });

    it("write nothing whose time has passed", async () => {
      const copy = await copyOf("new");
      const expired = { ...copy, key: KEY, expected: ABSENT, expiresAt: String(Date.now() - 1) };
      expect(await shard.write("mine", [expired])).to.deep.equal(["expired"]);
      expect(await held()).to.equal(null);
    });

    it("judge each key of a batch by itself", async () => {
      const copy = await copyOf("new");
      const keys = ["pcs:1", "pcs:2", "pcs:3"].map((key) => Buffer.from(key));
      await lab.put("a", Buffer.from("pcs:2"), Buffer.from("there"));
      const writes = keys.map((key, i) => ({ ...copy, key, expected: ABSENT, ...(i === 2 ? { expiresAt: "1" } : {}) }));
      expect(await shard.write("mine", writes)).to.deep.equal(["written", "changed", "expired"]);
    });

    it("remove what is still as it was read, nothing else", async () => {
      const keys = ["pcs:1", "pcs:2", "pcs:3"].map((key) => Buffer.from(key));
      for (const key of keys) await lab.put("a", key, Buffer.from("v"));
      const expected = (await shard.inspect(keys)).states;
      await lab.put("a", Buffer.from("pcs:2"), Buffer.from("changed"));
      await lab.server("a").client.del("pcs:3");
      expect(await shard.remove("mine", keys, expected)).to.deep.equal(["removed", "changed", "gone"]);
      expect([...(await lab.strings("a")).keys()]).to.deep.equal(["pcs:2"]);
    });

    it("go on at a server that forgot the scripts", async () => {
      await shard.inspect([KEY]);
      await lab.server("a").client.script("FLUSH");
      expect((await shard.inspect([KEY])).states).to.have.length(1);
      expect(await shard.write("mine", [{ key: KEY, expected: ABSENT, ...(await copyOf("new")) }])).to.deep.equal([
        "written",
      ]);
    });
  });
});
