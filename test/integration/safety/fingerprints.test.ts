/** Values that are not strings: two that differ in how their parts are cut, or in their expiry, never compare equal. */
import { expect } from "chai";
import type { RedisShard } from "../../../migration/adapters/redis-shard";
import { openShards, type OpenShards } from "../../../migration/adapters/open-shards";
import { RingLab } from "../ring-lab";

const KEY = Buffer.from("pcs:key");
const EXPIRES_AT_MS = 4_000_000_000_000;

/** By type: the commands of two values whose parts, written one after the other, are the same text. */
const CUT_DIFFERENTLY: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  list: [
    ["RPUSH", "ab", "c"],
    ["RPUSH", "a", "bc"],
  ],
  set: [
    ["SADD", "ab", "c"],
    ["SADD", "a", "bc"],
  ],
  "hash, between name and value": [
    ["HSET", "ab", "c"],
    ["HSET", "a", "bc"],
  ],
  "hash, between fields": [
    ["HSET", "a", "b", "c", "d"],
    ["HSET", "a", "bc", "d", ""],
  ],
  "sorted set": [
    ["ZADD", "12", "a"],
    ["ZADD", "2", "a1"],
  ],
  stream: [
    ["XADD", "1-1", "ab", "c"],
    ["XADD", "1-1", "a", "bc"],
  ],
};

describe("values that are no strings", () => {
  let lab: RingLab;
  let open: OpenShards;
  before(async () => {
    lab = await RingLab.start(["a"], ["b"]);
    const { addresses, access } = lab.plan();
    open = await openShards(addresses, access);
  });
  beforeEach(() => Promise.all([...lab.servers.values()].map(({ client }) => client.flushall())));
  after(async () => {
    open.close();
    await lab.stop();
  });

  const put = async (shard: string, [verb = "", ...args]: readonly string[], expiresAtMs = EXPIRES_AT_MS) => {
    const { client } = lab.server(shard);
    await client.call(verb, KEY, ...args);
    if (expiresAtMs > 0) await client.pexpireat(KEY, expiresAtMs);
  };
  const seen = (of: (shard: RedisShard) => Promise<unknown>) => Promise.all(open.shards.map(of));
  const digests = () => seen(async (shard) => (await shard.digests([KEY])).digests);
  const fingerprints = () => seen(async (shard) => (await shard.inspect([KEY])).states[0]?.fingerprint);
  const expectEqual = ([here, there]: readonly unknown[]) => expect(here).to.deep.equal(there);
  const expectOther = ([here, there]: readonly unknown[]) => expect(here).to.not.deep.equal(there);

  for (const [type, [one, other]] of Object.entries(CUT_DIFFERENTLY)) {
    it(`${type}: equal values are equal, and those cut in another way are not`, async () => {
      await put("a", one);
      await put("b", one);
      expectEqual(await fingerprints());
      expectEqual(await digests());
      await lab.server("b").client.del(KEY);
      await put("b", other);
      expectOther(await fingerprints());
      expectOther(await digests());
    });

    for (const [what, expiresAtMs] of [
      ["expires a millisecond later", EXPIRES_AT_MS + 1],
      ["never expires", -1],
    ] as const) {
      it(`${type}: a copy that ${what} has another digest`, async () => {
        await put("a", one);
        await put("b", one, expiresAtMs);
        expectOther(await digests());
      });
    }
  }
});
