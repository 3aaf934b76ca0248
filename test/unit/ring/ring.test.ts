import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_VNODES, HashRing, hashOf, InvalidRingError, MAX_VNODES } from "../../../migration/ring/ring";
import { naiveHash, NaiveRouter } from "./naive-router";

interface VectorRing {
  readonly vnodes: number;
  readonly shards: readonly string[];
  readonly picks: readonly { readonly key: string; readonly shard: string }[];
}

const vectors = JSON.parse(
  readFileSync(join(__dirname, "../../vectors/ring-vectors.json"), "utf8"),
) as readonly VectorRing[];

/** Names whose vnodes collide, found by brute force over `shard-<n>#<i>` and `node-<n>#0`. */
const COLLISIONS = [
  { hash: 1275501963, a: ["shard-262", 45], b: ["shard-758", 53], vnodes: 150 },
  { hash: 165615413, a: ["shard-1387", 7], b: ["shard-1642", 140], vnodes: 150 },
  { hash: 2796771940, a: ["node-25147", 0], b: ["node-49019", 0], vnodes: 1 },
] as const;

const shardNames = (count: number) => Array.from({ length: count }, (_, i) => `shard-${i}`);
const someKeys = (count: number) => Array.from({ length: count }, (_, i) => naiveHash(`key ${i}`).toString(16));
const ODD_KEYS = ["", " ", "a", "#", "shard-0#0", "ключ", "日本語", "é", "e\u0301", "👩‍🚀", "\u0000", "a\nb", "ÿ"];

describe("HashRing and the production router's picks", () => {
  for (const { vnodes, shards, picks } of vectors) {
    const ring = new HashRing(shards, vnodes);
    for (const { key, shard } of picks) {
      it(`${vnodes} vnodes of ${shards.join(", ")}: ${JSON.stringify(key)} → ${shard}`, () => {
        expect(ring.ownerOf(key)).to.equal(shard);
        expect(ring.ownerOf(Buffer.from(key, "utf8"))).to.equal(shard);
      });
    }
  }

  it("the file holds what it is thought to hold", () => {
    expect(vectors.map((ring) => [ring.shards.length, ring.picks.length])).to.deep.equal([
      [3, 209],
      [4, 209],
      [2, 109],
      [1, 19],
    ]);
  });
});

describe("HashRing and a naive router agree", () => {
  const rings: readonly { name: string; shards: readonly string[]; vnodes: number }[] = [
    { name: "one shard, one vnode", shards: ["only"], vnodes: 1 },
    { name: "one shard", shards: ["only"], vnodes: 150 },
    { name: "two shards, one vnode", shards: ["a", "b"], vnodes: 1 },
    { name: "seven vnodes", shards: shardNames(3), vnodes: 7 },
    { name: "1000 vnodes", shards: shardNames(3), vnodes: 1000 },
    { name: "sixteen shards", shards: shardNames(16), vnodes: 150 },
    { name: "sixteen shards in reverse", shards: shardNames(16).reverse(), vnodes: 150 },
    { name: "non-ASCII names", shards: ["осколок-0", "断片-1", "éclat", "e\u0301clat", "🧩"], vnodes: 150 },
    { name: "names that look like vnodes", shards: ["a", "a#1", "a#", "#"], vnodes: 20 },
    ...COLLISIONS.map(({ a, b, vnodes }) => ({ name: `${a[0]} and ${b[0]} collide`, shards: [a[0], b[0]], vnodes })),
    ...COLLISIONS.map(({ a, b, vnodes }) => ({ name: `${b[0]} and ${a[0]} collide`, shards: [b[0], a[0]], vnodes })),
  ];
  for (const { name, shards, vnodes } of rings) {
    it(name, () => {
      const ring = new HashRing(shards, vnodes);
      const naive = new NaiveRouter(shards, vnodes);
      for (const key of [...ODD_KEYS, ...someKeys(400)]) {
        expect(ring.ownerOf(key), key).to.equal(naive.pick(key));
        expect(ring.ownerOf(Buffer.from(key)), key).to.equal(naive.pick(key));
      }
      // At every point, one before it, one behind it, and at both ends of the hash space.
      const places = naive.ring.slice(0, 300).flatMap((point) => [point - 1, point, point + 1]);
      for (const place of [0, 2 ** 32 - 1, ...places].filter((hash) => hash >= 0 && hash < 2 ** 32)) {
        expect(ring.ownerAtHash(place), String(place)).to.equal(naive.at(place));
        expect(ring.shards[ring.ownerIndexAtHash(place)]).to.equal(naive.at(place));
      }
    });
  }
});

describe("HashRing at its edges", () => {
  for (const { hash, a, b, vnodes } of COLLISIONS) {
    it(`${a.join("#")} and ${b.join("#")} collide: the shard added later owns the point`, () => {
      const [keyA, keyB] = [a.join("#"), b.join("#")];
      expect([hashOf(keyA), hashOf(keyB)]).to.deep.equal([hash, hash]);
      const forwards = new HashRing([a[0], b[0]], vnodes);
      const backwards = new HashRing([b[0], a[0]], vnodes);
      expect([forwards.ownerOf(keyA), forwards.ownerOf(keyB)]).to.deep.equal([b[0], b[0]]);
      expect([backwards.ownerOf(keyA), backwards.ownerOf(keyB)]).to.deep.equal([a[0], a[0]]);
      expect(forwards.points).to.have.length(2 * vnodes - 1);
    });
  }

  it("a key that hashes to a vnode's own point belongs to it, the place behind it to the next", () => {
    const ring = new HashRing(shardNames(3));
    for (const shard of ring.shards) expect(ring.ownerOf(`${shard}#17`)).to.equal(shard);
  });

  it("a key behind the last point belongs to the first one", () => {
    const ring = new HashRing(shardNames(3));
    const last = ring.points[ring.points.length - 1]!;
    expect(ring.ownerAtHash(last + 1)).to.equal(ring.ownerAtHash(0));
    expect(ring.ownerAtHash(2 ** 32 - 1)).to.equal(ring.ownerAtHash(ring.points[0]!));
  });

  it("bytes that are no UTF-8 are hashed as they are", () => {
    const bytes = Buffer.from([0x00, 0xff, 0xfe, 0x80]);
    const ring = new HashRing(shardNames(16));
    expect(hashOf(bytes)).to.equal(naiveHash(bytes));
    expect(hashOf(bytes)).to.not.equal(hashOf(bytes.toString("utf8")));
    expect(ring.ownerOf(bytes)).to.equal(new NaiveRouter(shardNames(16), 150).pick(bytes));
  });

  it("a Buffer that is a window into a larger one is hashed by its own bytes only", () => {
    expect(hashOf(Buffer.from("pcs:abc").subarray(4))).to.equal(hashOf("abc"));
  });

  it("hashes are the first four bytes of SHA-256, big-endian", () => {
    expect(hashOf("")).to.equal(0xe3b0c442);
    expect(hashOf("abc")).to.equal(0xba7816bf);
    expect(hashOf("ключ")).to.equal(0x1de36a32);
  });

  it("says what it is made of, and keeps no hold on the caller's array", () => {
    const names = ["a", "b"];
    const ring = new HashRing(names);
    names.push("c");
    expect(ring.shards).to.deep.equal(["a", "b"]);
    expect(ring.vnodes).to.equal(DEFAULT_VNODES).and.to.equal(150);
    expect(Object.isFrozen(ring.shards)).to.be.true;
  });
});

describe("HashRing refuses", () => {
  const cases: readonly { shards: readonly string[]; vnodes?: number; message: string }[] = [
    { shards: [], message: "invalid ring: it has no shards; allowed: at least one shard name" },
    { shards: ["a", ""], message: "invalid ring: shard 1 has no name; allowed: names of at least one character" },
    {
      shards: ["a", "b", "a"],
      message: 'invalid ring: shard "a" is named twice (0 and 2); allowed: each name once',
    },
    ...[0, -1, 1.5, NaN, Infinity, MAX_VNODES + 1].map((vnodes) => ({
      shards: ["a"],
      vnodes,
      message: `invalid ring: vnodes is ${vnodes}; allowed: a whole number from 1 to 100000`,
    })),
  ];
  for (const { shards, vnodes, message } of cases) {
    it(message, () => {
      expect(() => new HashRing(shards, vnodes))
        .to.throw(InvalidRingError)
        .with.property("message", message);
    });
  }

  it("carries the value that was refused", () => {
    expect(() => new HashRing(["a"], 0))
      .to.throw(InvalidRingError)
      .that.includes({ name: "InvalidRingError", value: 0 });
  });
});
