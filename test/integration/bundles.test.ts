import { expect } from "chai";
import type { RedisShard } from "../../migration/adapters/redis-shard";
import { openShards, type OpenShards } from "../../migration/adapters/open-shards";
import { RingLab } from "./ring-lab";

const KEY = Buffer.from("pcs:key");
const MINUTE = 60_000;
const MIB = 1 << 20;
const BIG = 20_000;

describe("what shards hand over in one piece", () => {
  let lab: RingLab;
  let open: OpenShards;
  let from: RedisShard;
  let to: RedisShard;
  before(async () => {
    lab = await RingLab.start(["a"], ["b"]);
    const { addresses, access } = lab.plan();
    open = await openShards(addresses, access);
    [from, to] = open.shards as [RedisShard, RedisShard];
  });
  beforeEach(async () => {
    await lab.server("a").client.flushall();
    await lab.server("b").client.flushall();
    await to.lock("mine", "me", MINUTE);
  });
  after(async () => {
    open.close();
    await lab.stop();
  });

  const [source, target] = [() => lab.server("a").client, () => lab.server("b").client];
  const handOver = async (...keys: Buffer[]) => to.add("mine", await from.bundle(keys, BIG));

  describe("copies", () => {
    const values: Readonly<Record<string, readonly (string | Buffer)[]>> = {
      "a string": ["SET", KEY, "value"],
      "an empty string": ["SET", KEY, ""],
      "a string of any bytes": ["SET", KEY, Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
      "a number": ["SET", KEY, "9007199254740993"],
      "a hash": ["HSET", KEY, "field", "value"],
      "a list": ["RPUSH", KEY, "b", "a"],
      "a stream": ["XADD", KEY, "1-1", "field", "value"],
    };
    for (const [name, command] of Object.entries(values)) {
      for (const expiresAtMs of [-1, Date.now() + 10 * MINUTE]) {
        it(`make ${name} where there is none, ${expiresAtMs < 0 ? "without an expiry" : "with its expiry"}`, async () => {
          const [verb, ...args] = command as [string, ...(string | Buffer)[]];
          await source().call(verb, ...args);
          if (expiresAtMs >= 0) await source().pexpireat(KEY, expiresAtMs);
          expect(await handOver(KEY)).to.deep.equal({ written: 1, expired: 0, present: [] });
          expect(await target().dumpBuffer(KEY)).to.deep.equal(await source().dumpBuffer(KEY));
          expect(await target().pexpiretime(KEY)).to.equal(expiresAtMs);
          await target().set(KEY, "first");
          expect(await handOver(KEY)).to.deep.equal({ written: 0, expired: 0, present: [KEY] });
          expect(await target().get(KEY)).to.equal("first");
          expect(await target().pexpiretime(KEY)).to.equal(-1);
        });
      }

      it(`of ${name} whose time has passed meanwhile are none`, async () => {
        const [verb, ...args] = command as [string, ...(string | Buffer)[]];
        await source().call(verb, ...args);
        await source().pexpire(KEY, 1_000);
        const bundle = await from.bundle([KEY], BIG);
        while ((await source().exists(KEY)) > 0) await source().ping();
        expect(await to.add("mine", bundle)).to.deep.equal({ written: 0, expired: 1, present: [] });
        expect(await target().exists(KEY)).to.equal(0);
      });
    }

    it("leave out what does not exist, and carry nothing when nothing does", async () => {
      const other = Buffer.from("pcs:other");
      await source().set(KEY, "value");
      expect(await handOver(other, KEY)).to.deep.equal({ written: 1, expired: 0, present: [] });
      await source().del(KEY);
      expect(await handOver(other, KEY)).to.deep.equal({ written: 0, expired: 0, present: [] });
    });

    it("of a big value come alone", async () => {
      const keys = ["a", "big", "bigger", "b", "c"].map((name) => Buffer.from(`pcs:${name}`));
      for (const key of keys) await source().set(key, Buffer.alloc(key.toString().includes("big") ? BIG + 1 : BIG));
      const counts: number[] = [];
      for (let done = 0; done < keys.length; done += counts.at(-1) ?? 0) {
        counts.push((await from.bundle(keys.slice(done), BIG)).keys);
      }
      expect(counts).to.deep.equal([1, 1, 1, 2]);
    });

    it("of many bytes come in several bundles", async () => {
      const keys = [1, 2, 3].map((i) => Buffer.from(`pcs:${i}`));
      for (const key of keys) await source().set(key, Buffer.alloc(100_000));
      expect((await from.bundle(keys, MIB)).keys).to.equal(2);
      expect((await from.bundle(keys.slice(2), MIB)).keys).to.equal(1);
    });
  });

  describe("digests", () => {
    const keys = Array.from({ length: 40 }, (_, i) => Buffer.from(`pcs:${i}`));
    const far = Date.now() + 10 * MINUTE;
    beforeEach(async () => {
      for (const client of [source(), target()]) {
        for (const [i, key] of keys.entries()) if (i % 3 > 0) await client.set(key, `value ${i}`, "PXAT", far + i);
        await client.hset("pcs:0", "field", "value", "other", "value");
      }
    });
    const differing = async () => {
      const [here, there] = [await from.digests(keys), await to.digests(keys)];
      expect([here.keys, there.keys]).to.deep.equal([40, 40]);
      return here.digests.flatMap((digest, i) => (digest === there.digests[i] ? [] : [i]));
    };

    it("are equal for equal keys, absent ones among them, one for sixteen", async () => {
      expect(await differing()).to.deep.equal([]);
      expect((await from.digests(keys)).digests).to.have.length(3);
    });

    const changes: Readonly<Record<string, readonly [number, () => Promise<unknown>]>> = {
      "another value": [1, () => target().set("pcs:20", "value!20", "PXAT", far + 20)],
      "another expiry": [1, () => target().pexpireat("pcs:20", far + 21)],
      "no expiry": [2, () => target().persist("pcs:38")],
      "a key that is missing": [0, () => target().del("pcs:1")],
      "a key that is extra": [0, () => target().set("pcs:3", "")],
      "another type": [0, () => target().multi().del("pcs:0").rpush("pcs:0", "field", "value").exec()],
      "another field of a hash": [0, () => target().hset("pcs:0", "other", "another")],
      "values that run together alike": [0, () => swapped()],
    };
    const swapped = async () => {
      await source().mset("pcs:3", "a b", "pcs:6", "c");
      await target().mset("pcs:3", "a", "pcs:6", "b c");
    };
    for (const [name, [group, change]] of Object.entries(changes)) {
      it(`show ${name}, in its own group only`, async () => {
        await change();
        expect(await differing()).to.deep.equal([group]);
      });
    }

    it("stop where enough has been read, and say so", async () => {
      await source().set("pcs:18", Buffer.alloc(MIB));
      const { keys: count, digests } = await from.digests(keys);
      expect(count).to.equal(19);
      expect(digests).to.have.length(2);
    });

    it("stop as well where values that are no strings have been read", async () => {
      const lists = Array.from({ length: 8 }, (_, i) => `pcs:list ${i}`);
      for (const list of lists) await source().rpush(list, Buffer.alloc(40_000));
      const all = [...lists.map((list) => Buffer.from(list)), ...keys];
      // 160 KiB, by what the server says that they take.
      expect((await from.digests(all)).keys).to.be.within(3, 5);
    });

    it("say nothing of a group with a value that is read in parts, and do not read it", async () => {
      await source().rpush("pcs:list", Buffer.alloc(MIB));
      await target().rpush("pcs:list", Buffer.alloc(MIB));
      const { keys: count, digests } = await from.digests([Buffer.from("pcs:list"), ...keys]);
      expect(count).to.equal(keys.length + 1);
      expect(digests.map((digest) => digest === "")).to.deep.equal([true, false, false]);
    });

    it("show what differs in a large value", async () => {
      await source().set("pcs:38", Buffer.alloc(100_000, 1), "PXAT", far);
      await target().set("pcs:38", Buffer.alloc(100_000, 1), "PXAT", far);
      expect(await differing()).to.deep.equal([]);
      await target().setrange("pcs:38", 99_999, "2");
      expect(await differing()).to.deep.equal([2]);
      await target().set("pcs:38", Buffer.alloc(100_000, 1), "PXAT", far + 1);
      expect(await differing()).to.deep.equal([2]);
    });
  });
});
