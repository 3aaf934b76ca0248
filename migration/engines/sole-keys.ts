import { printable } from "./printable";
import type { ShardStore } from "./shard-store";

/** A key that would be lost with its shard. */
export interface SoleKey {
  readonly shard: string;
  /** As printable text. */
  readonly key: string;
  /** Keys looked at until it was found. */
  readonly looked: number;
}

/**
 * Looks for a key on a shard that no other shard holds. Any key counts, whatever its prefix, except this product's own
 * records.
 *
 * @param deadline - asked after each page: false ends the search early.
 * @returns the first one found; undefined when there is none (or the search ended early).
 */
export async function findSoleKey(
  shard: ShardStore,
  others: readonly ShardStore[],
  deadline: () => boolean = () => true,
): Promise<SoleKey | undefined> {
  let cursor = "0";
  let looked = 0;
  do {
    const page = await shard.scan(cursor, true);
    const held = await heldElsewhere(page.keys, others);
    const sole = page.keys.find((_, i) => !held[i]);
    if (sole && (await stillThere(shard, sole))) return { shard: shard.name, key: printable(sole), looked };
    looked += page.keys.length;
    cursor = page.cursor;
  } while (cursor !== "0" && deadline());
  return undefined;
}

async function heldElsewhere(keys: readonly Buffer[], others: readonly ShardStore[]): Promise<readonly boolean[]> {
  if (keys.length === 0) return [];
  const inspections = await Promise.all(others.map((other) => other.inspect(keys)));
  return keys.map((_, i) => inspections.some(({ states }) => states[i]?.fingerprint !== ""));
}

async function stillThere(shard: ShardStore, key: Buffer): Promise<boolean> {
  return (await shard.inspect([key])).states[0]?.fingerprint !== "";
}
