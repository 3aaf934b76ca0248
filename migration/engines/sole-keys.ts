import { setTimeout as sleep } from "node:timers/promises";
import { isExpiring } from "./compare";
import { printable } from "./printable";
import { ABSENT, type ShardStore } from "./shard-store";

/** A key that would be lost with its shard. */
export interface SoleKey {
  readonly shard: string;
  /** As printable text. */
  readonly key: string;
  /** Keys looked at until it was found. */
  readonly looked: number;
}

/** A claim on its way to its second owner has got there after this time. */
const SETTLE_MS = 250;

/**
 * Looks for a key on a shard that no other shard holds. Any key counts, whatever its prefix, except this product's own
 * records, and keys whose time is up: they vanish from one shard before the other. A key that is found is looked at twice,
 * because backends may write both owners meanwhile.
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
    let sole = await soleOf(page.keys, shard, others);
    if (sole.length > 0 && others.length > 0) {
      await sleep(SETTLE_MS);
      sole = await soleOf(sole, shard, others);
    }
    const [key] = sole;
    if (key) return { shard: shard.name, key: printable(key), looked };
    looked += page.keys.length;
    cursor = page.cursor;
  } while (cursor !== "0" && deadline());
  return undefined;
}

/** Those of some keys that the shard holds, and no other does. */
async function soleOf(keys: readonly Buffer[], shard: ShardStore, others: readonly ShardStore[]) {
  if (keys.length === 0) return [];
  const elsewhere = await Promise.all(others.map((other) => other.inspect(keys)));
  const here = await shard.inspect(keys);
  const nowMs = Math.max(here.nowMs, ...elsewhere.map((inspection) => inspection.nowMs));
  return keys.filter((_, i) => {
    const state = here.states[i] ?? ABSENT;
    if (state.fingerprint === "" || isExpiring(state, nowMs)) return false;
    return elsewhere.every(({ states }) => states[i]?.fingerprint === "");
  });
}
