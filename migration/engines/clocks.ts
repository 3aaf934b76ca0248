import { EXPIRING_WITHIN_MS } from "./compare";
import { GateClosedError } from "./errors";
import type { ShardStore } from "./shard-store";

/** How far a shard's clock is ahead of some clock that all readings share: between these, in ms. */
interface Reading {
  readonly shard: string;
  readonly least: number;
  readonly most: number;
}

/**
 * Expiries are points in time. Where a shard's clock is ahead it takes living claims for expired: they are not copied to
 * it, no comparison misses them there, and their last copy would be deleted elsewhere.
 *
 * @param dispensable - names of shards that the work can do without.
 * @returns those of them whose clock does not agree with that of the others.
 * @throws GateClosedError when the clocks of two other shards are further apart than comparisons make allowance for.
 */
export async function clocksThatDiffer(
  shards: readonly ShardStore[],
  dispensable: readonly string[] = [],
): Promise<readonly string[]> {
  const readings = await Promise.all(shards.map(read));
  const needed = readings.filter(({ shard }) => !dispensable.includes(shard));
  const [ahead, behind] = extremes(needed);
  if (ahead === undefined || behind === undefined) return [];
  const apartMs = ahead.least - behind.most;
  if (apartMs > EXPIRING_WITHIN_MS) {
    throw new GateClosedError(
      `the clock of ${ahead.shard} is ${Math.round(apartMs / 1_000)}s ahead of that of ${behind.shard}: claims that live on ` +
        "the one are over on the other. Nothing has been done: set the clocks of their machines right (NTP), then run " +
        "`pulumi up` again.",
    );
  }
  const differs = ({ least, most }: Reading) => Math.max(ahead.least - most, least - behind.most) > EXPIRING_WITHIN_MS;
  return readings
    .filter((reading) => dispensable.includes(reading.shard) && differs(reading))
    .map(({ shard }) => shard);
}

/** @returns the one that is surely furthest ahead, and the one that is furthest behind. */
const extremes = (readings: readonly Reading[]): readonly (Reading | undefined)[] => [
  [...readings].sort((a, b) => b.least - a.least)[0],
  [...readings].sort((a, b) => a.most - b.most)[0],
];

async function read(shard: ShardStore): Promise<Reading> {
  const askedMs = performance.now();
  const nowMs = await shard.timeMs();
  // What it told is cut off to whole milliseconds.
  return { shard: shard.name, least: nowMs - performance.now(), most: nowMs + 1 - askedMs };
}
