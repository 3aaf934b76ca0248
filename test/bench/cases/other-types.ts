/** Copying hashes, lists, sets and sorted sets, which travel as dumps. */
import { SOURCE, type BenchRing } from "../bench-ring";
import type { Contest } from "../contest";
import { pipelinedCopy } from "../peers/pipelined-copy";
import { copier, ownCopier } from "./copying";

const EACH = 15_000;
const MEMBERS = Array.from({ length: 8 }, (_, i) => `member ${i} of a value that is no string`);

export async function otherTypes(ring: BenchRing): Promise<Contest> {
  const [from, to] = [ring.server(SOURCE), ring.server(ring.joining)];
  const keys: Buffer[] = [];
  for (let i = 0; i < EACH; i++) {
    const names = ["hash", "list", "set", "zset"].map((type) => `${type}:${i}`);
    const [hash = "", list = "", set = "", zset = ""] = names;
    const scored = MEMBERS.flatMap((member, score) => [score, member]);
    void from.client.hset(hash, ...MEMBERS);
    void from.client.rpush(list, ...MEMBERS);
    void from.client.sadd(set, ...MEMBERS);
    await from.client.zadd(zset, ...scored);
    keys.push(...names.map((name) => Buffer.from(name)));
  }
  return {
    title: "Copying other types",
    task: "copy hashes, lists, sets and sorted sets of eight members of one source to an empty shard",
    contenders: [
      ownCopier(ring, keys),
      copier(ring, keys.length, "DUMP → RESTORE, pipelined (ioredis)", () => pipelinedCopy(from, to, keys)),
    ],
    stop: async () => {
      for (const key of keys) void from.client.unlink(key);
      await from.client.ping();
    },
  };
}
