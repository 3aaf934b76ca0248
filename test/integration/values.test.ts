import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { Redis } from "ioredis";
import { catchUp } from "../../migration/engines/catch-up";
import { drain } from "../../migration/engines/drain";
import { preCopy } from "../../migration/engines/pre-copy";
import type { Bundle } from "../../migration/engines/shard-store";
import { FOUR, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "./ring-lab";

type Arg = string | Buffer | number;

const BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const MIB = 1 << 20;
const many = (count: number, make: (i: number) => readonly Arg[]): Arg[] =>
  Array.from({ length: count }, (_, i) => make(i)).flat();

/** Commands that make one value each, by a name; `KEY` stands for the key. */
const VALUES: Readonly<Record<string, readonly (readonly Arg[])[]>> = {
  string: [["SET", "KEY", '{"verified":true}']],
  "empty string": [["SET", "KEY", ""]],
  "binary string": [["SET", "KEY", BYTES]],
  "number as string": [["SET", "KEY", "-42"]],
  "string of 3 MiB": [["SET", "KEY", Buffer.alloc(3 * MIB, BYTES)]],
  list: [["RPUSH", "KEY", "b", "a", "b", "", BYTES]],
  "long list": [["RPUSH", "KEY", ...many(3_000, (i) => [`entry ${i}`])]],
  "set of numbers": [["SADD", "KEY", 3, 1, 2]],
  set: [["SADD", "KEY", "b", "a", BYTES, ""]],
  "big set": [["SADD", "KEY", ...many(3_000, (i) => [`member ${i}`])]],
  hash: [["HSET", "KEY", "f", "v", "", "empty name", "empty value", "", BYTES, BYTES]],
  "big hash": [["HSET", "KEY", ...many(2_000, (i) => [`field ${i}`, `value ${i}`])]],
  zset: [["ZADD", "KEY", 1.5, "b", -0.1, "a", "+inf", "c", "-inf", BYTES]],
  "big zset": [["ZADD", "KEY", ...many(2_000, (i) => [i / 7, `member ${i}`])]],
  stream: [
    ["XADD", "KEY", "1-1", "f", "v", "g", BYTES],
    ["XADD", "KEY", "2-1", "f", "v2"],
    ["XADD", "KEY", "3-1", "f", "v3"],
    ["XDEL", "KEY", "2-1"],
    ["XGROUP", "CREATE", "KEY", "readers", "0"],
    ["XREADGROUP", "GROUP", "readers", "one", "COUNT", 1, "STREAMS", "KEY", ">"],
  ],
  "emptied stream": [
    ["XADD", "KEY", "5-1", "f", "v"],
    ["XDEL", "KEY", "5-1"],
  ],
};

/** A value, as its type's own commands show it. */
async function contentOf(client: Redis, key: Buffer): Promise<unknown> {
  const type = await client.type(key);
  const ask = (command: string, ...args: Arg[]) => client.callBuffer(command, ...args);
  const sorted = (list: unknown) => (list as Buffer[]).map((one) => one.toString("latin1")).sort();
  const readers: Readonly<Record<string, () => Promise<unknown>>> = {
    none: () => Promise.resolve(undefined),
    string: () => ask("GET", key),
    list: () => ask("LRANGE", key, 0, -1),
    set: async () => sorted(await ask("SMEMBERS", key)),
    hash: async () => {
      const flat = (await ask("HGETALL", key)) as Buffer[];
      return flat
        .flatMap((one, i) => (i % 2 ? [] : [`${one.toString("latin1")} ${flat[i + 1]?.toString("latin1")}`]))
        .sort();
    },
    zset: () => ask("ZRANGE", key, 0, -1, "WITHSCORES"),
    stream: async () => {
      // The entries, the groups with their consumers and what is pending; how long a consumer idles is its own matter.
      const full = JSON.stringify(await client.call("XINFO", "STREAM", key, "FULL"));
      return full
        .replace(/"(seen-time|active-time|radix-tree-\w+)",\d+/g, "")
        .replace(/(\[\["\d+-\d+",(?:"\w+",)?)\d{13}/g, "$1");
    },
  };
  return { type, content: await readers[type]?.(), expiry: Number(await ask("PEXPIRETIME", key)) };
}

describe("values that are migrated", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  /** Makes each value at one mover, half of them with an expiry. */
  async function makeValues() {
    lab = await RingLab.start(THREE, FOUR);
    await lab.begin();
    const made: { name: string; key: Buffer; from: string; content: unknown }[] = [];
    for (const [name, commands] of Object.entries(VALUES)) {
      const key = lab.moverNamed(name);
      const from = lab.ownerOf(key, lab.rings.current);
      const { client } = lab.server(from);
      for (const command of commands) {
        const [verb = "", ...args] = command.map((arg) => (arg === "KEY" ? key : arg));
        await client.call(String(verb), ...args);
      }
      if (made.length % 2) await client.pexpireat(key, Date.now() + 3_600_000);
      made.push({ name, key, from, content: await contentOf(client, key) });
    }
    return made;
  }

  it("of every type arrive as they were, and stay as they were", async () => {
    const made = await makeValues();
    const counts = await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    expect(counts).to.include({ checked: made.length, missing: made.length, repaired: made.length });
    for (const { name, key, from, content } of made) {
      expect(await contentOf(lab.server("shard-3").client, key), name).to.deep.equal(content);
      expect(await contentOf(lab.server(from).client, key), `${name}, source`).to.deep.equal(content);
    }
  });

  it("of every type equal their copies, so that nothing is copied twice", async () => {
    const made = await makeValues();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    const counts = await lab.run((run) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS));
    expect(counts).to.deep.equal({ checked: made.length, missing: 0, different: 0, extra: 0, repaired: 0 });
  });

  it("of every type leave their old owner when it is drained", async () => {
    const made = await makeValues();
    const job = { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 3 };
    const counts = await lab.run((run) => drain(run, job));
    expect(counts).to.deep.equal({ checked: made.length, deleted: made.length, rescued: made.length });
    for (const { name, key, from, content } of made) {
      expect(await contentOf(lab.server("shard-3").client, key), name).to.deep.equal(content);
      expect(await lab.server(from).client.exists(key), name).to.equal(0);
    }
  });

  it("differ when their type or one member differs", async () => {
    const made = await makeValues();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    const { client } = lab.server("shard-3");
    const at = (name: string) => made.find((one) => one.name === name)?.key ?? Buffer.alloc(0);
    await client.lset(at("list"), 0, "a");
    await client.hset(at("big hash"), "field 7", "other");
    await client.zadd(at("zset"), 2, "b");
    await client.srem(at("big set"), "member 5");
    await client.xadd(at("stream"), "9-1", "f", "v");
    await client.del(at("set of numbers"));
    await client.rpush(at("set of numbers"), "1", "2", "3");
    const counts = await lab.run((run) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS));
    expect(counts).to.include({ different: 6, missing: 0, repaired: 6 });
    for (const { name, key, content } of made) expect(await contentOf(client, key), name).to.deep.equal(content);
  });

  it("of many MiB travel in pieces: no request grows with the batch", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.begin();
    for (let i = 0; i < 12; i++) {
      const key = lab.moverNamed(`big ${i}`);
      // Random, because a dump is compressed.
      const value = randomBytes(2 * MIB);
      await lab.put(lab.ownerOf(key, lab.rings.current), key, value);
      lab.remember(key, value, -1);
    }
    const sizes: number[] = [];
    const before = (_shard: string, method: string, args: readonly unknown[]) => {
      if (method === "add") sizes.push((args[1] as Bundle).content.length);
    };
    const counts = await lab.run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS));
    expect(counts).to.include({ missing: 12, repaired: 12 });
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
    expect(sizes).to.have.length.of.at.least(6);
    expect(Math.max(...sizes)).to.be.below(4 * MIB);
    // Comparing and deleting them goes piece by piece as well, and comes to the same.
    const job = { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 3 };
    expect(await lab.run((run) => drain(run, job))).to.deep.equal({ checked: 12, deleted: 12, rescued: 0 });
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
  });

  it("without an expiry stay without one, and keep it absolute where there is one", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(100);
    for (let i = 0; i < 20; i++) {
      const key = lab.moverNamed(`for ever ${i}`);
      await lab.put(lab.ownerOf(key, lab.rings.current), key, Buffer.from("v"));
      lab.remember(key, Buffer.from("v"), -1);
    }
    await lab.begin();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });

  it("that expire between the read and the write are not brought back to life", async () => {
    lab = await RingLab.start(THREE, FOUR);
    const key = lab.moverNamed("short");
    await lab.put(lab.ownerOf(key, lab.rings.current), key, Buffer.from("v"), Date.now() + 2_500);
    await lab.begin();
    const before = async (_shard: string, method: string) => {
      if (method !== "add") return;
      while ((await lab.server(lab.ownerOf(key, lab.rings.current)).client.exists(key)) > 0)
        await lab.server("shard-3").client.ping();
    };
    const counts = await lab.run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS));
    expect(counts).to.include({ missing: 1, repaired: 0 });
    expect(await lab.server("shard-3").client.exists(key)).to.equal(0);
  });

  for (const [name, keyPrefix, decoys] of [
    ["glob characters", "p*c?[a-z]\\:", ["pXcYb:", "p*c?a:", "pc[a-z]:"]],
    ["a caret and braces", "^{pcs}:", ["{pcs}:", "x{pcs}:"]],
    ["non-ASCII characters", "größe:", ["grosse:", "gr"]],
    ["nothing at all", "", []],
  ] as const) {
    it(`under a prefix with ${name} move, binary ids too, and no other key`, async () => {
      lab = await RingLab.start(THREE, FOUR, { keyPrefix });
      await lab.fill(200);
      for (let i = 0; i < 256; i++) {
        const key = Buffer.concat([Buffer.from(keyPrefix), Buffer.from([i, 0, 10, 13, 255 - i, 0xff])]);
        await lab.put(lab.ownerOf(key, lab.rings.current), key, BYTES);
        lab.remember(key, BYTES, -1);
      }
      for (const decoy of decoys)
        for (let i = 0; i < 30; i++) await lab.put("shard-0", Buffer.from(`${decoy}${i}`), BYTES);
      await lab.begin();
      const all = async () => lab.placement(lab.rings.current, lab.rings.target);
      const right = lab.allRight(lab.rings.current, lab.rings.target);
      const counts = await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
      expect(counts).to.include({ checked: lab.moverKeys().length, repaired: lab.moverKeys().length });
      expect(await all()).to.deep.equal({ ...right, elsewhere: 30 * decoys.length });
      const job = { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 3 };
      await lab.run((run) => drain(run, job));
      expect(await lab.placement(lab.rings.target)).to.deep.equal({
        ...lab.allRight(lab.rings.target),
        elsewhere: 30 * decoys.length,
      });
      for (const shard of FOUR)
        expect(await lab.server(shard).client.get("dedup-shards:migration"), shard).to.be.a("string");
    });
  }
});
