/**
 * The production router's ring, written again in the plainest way, so that the tests compare two implementations:
 * vnodes are appended in order to a list that keeps duplicates, a later one overwrites the owner of a hash, and a
 * key takes the first entry that is not below its own hash, or the first of all.
 */
import { createHash } from "node:crypto";

export function naiveHash(data: string | Buffer): number {
  const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  return createHash("sha256").update(bytes).digest().readUInt32BE(0);
}

export class NaiveRouter {
  readonly ring: number[] = [];
  private readonly owners = new Map<number, string>();

  constructor(shards: readonly string[], vnodes: number) {
    for (const shard of shards) {
      for (let i = 0; i < vnodes; i++) {
        const hash = naiveHash(`${shard}#${i}`);
        this.ring.push(hash);
        this.owners.set(hash, shard);
      }
    }
    this.ring.sort((a, b) => a - b);
  }

  pick(key: string | Buffer): string {
    return this.at(naiveHash(key));
  }

  at(hash: number): string {
    const point = this.ring.find((candidate) => candidate >= hash) ?? this.ring[0];
    return this.owners.get(point!)!;
  }
}
