import { GateClosedError } from "./errors";
import type { ShardStore } from "./shard-store";

/** Up to this a key may be over on one shard and not on the other: what `compare` makes allowance for. */
const MOST_APART_MS = 1_000;

/**
 * Expiries are points in time. Where a shard's clock is ahead it takes living claims for expired: they are not copied to
 * it, no comparison misses them there, and their last copy would be deleted elsewhere.
 *
 * @throws GateClosedError when the clocks of two shards are further apart than engines make allowance for.
 */
export async function assertClocksAgree(shards: readonly ShardStore[]): Promise<void> {
  const readings = await Promise.all(shards.map(read));
  const [ahead] = [...readings].sort((a, b) => b.least - a.least);
  const [behind] = [...readings].sort((a, b) => a.most - b.most);
  if (ahead === undefined || behind === undefined) return;
  const apartMs = ahead.least - behind.most;
  if (apartMs <= MOST_APART_MS) return;
  throw new GateClosedError(
    `the clock of ${ahead.shard} is ${Math.round(apartMs / 1_000)}s ahead of that of ${behind.shard}: claims that live on the ` +
      "one are over on the other. Nothing has been done: set the clocks of their machines right (NTP), then run `pulumi up` again.",
  );
}

/** How far a shard's clock is ahead of some clock that all readings share: between these. */
async function read(shard: ShardStore): Promise<{ shard: string; least: number; most: number }> {
  const askedMs = performance.now();
  const { nowMs } = await shard.inspect([]);
  return { shard: shard.name, least: nowMs - performance.now(), most: nowMs - askedMs };
}
