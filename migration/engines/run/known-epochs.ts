import { CARD, parseCard } from "../../contract/shard-card";
import { readAbandonedRecord } from "../migration-record";
import type { ShardStore } from "../shard-store";

/** @returns the highest ring epoch that a shard knows to have been used, by its card or its migration record; 0 for none. */
export async function highestEpochKnownTo(shard: ShardStore): Promise<number> {
  const [text, record] = await Promise.all([shard.readRecord(CARD), readAbandonedRecord([shard])]);
  const card = text === undefined ? undefined : parseCard(text);
  return Math.max(0, card?.highestEpoch ?? 0, ...Object.keys(record?.configs ?? {}).map(Number));
}
