import type { MigrationRecord } from "../engines/migration-record";
import { readCard, shardsBehind, type CardedShard } from "../engines/run/shard-cards";
import { suspectsAmong } from "../engines/run/suspect-shards";
import type { ShardStore } from "../engines/shard-store";

/** @returns shards that lost writes, or may have lost some, by name, with what shows it. Reads only. */
export async function lostWrites(
  stores: readonly ShardStore[],
  record: MigrationRecord | undefined,
): Promise<ReadonlyMap<string, string>> {
  const cards = await Promise.allSettled(stores.map(async (store) => ({ store, card: await readCard(store) })));
  const carded = cards.flatMap((look): readonly CardedShard[] => (look.status === "fulfilled" ? [look.value] : []));
  const behind = shardsBehind(carded).filter((name) => carded.some((it) => it.store.name === name && it.card));
  const suspects = record === undefined ? [] : await suspectsAmong(stores, record);
  return new Map([
    ...suspects.map((name) => [name, "may have lost writes since both rings last held the same"] as const),
    ...behind.map((name) => [name, "has lost writes: the other shards remember a later state of it"] as const),
  ]);
}
