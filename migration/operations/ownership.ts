import { describeBackend, newCard, parseCard, sameBackend, CARD, type ShardCard } from "../contract/shard-card";
import { OtherShardError } from "../engines/errors";
import { readAbandonedRecord, remembersAny } from "../engines/migration-record";
import { refuseForeignMigration } from "../engines/run/migration-owner";
import { ForeignShardError, OtherStackError } from "../engines/run/ownership-errors";
import type { Owner } from "../engines/run/owner";
import { hadCard } from "../engines/run/shard-cards";
import type { ShardStore } from "../engines/shard-store";

/** Whom a shard belongs to. `lost`: it had a card, and has neither card nor migration record now. */
export interface ShardOwnership {
  readonly store: ShardStore;
  readonly is: "own" | "foreign" | "unreadable" | "none" | "lost";
  /** Whose the migration is that is recorded on it. */
  readonly recordIs: "none" | "own" | "foreign" | "unreadable" | "another shard's";
  /** The card to go on with: for a foreign one a new one, which knows its epochs. */
  readonly card: ShardCard | undefined;
  /** Whose it was, for a message. */
  readonly was?: string;
}

/** @returns whom shards belong to, in their order. */
export async function ownershipOf(stores: readonly ShardStore[], owner: Owner): Promise<readonly ShardOwnership[]> {
  const found = await Promise.all(stores.map((store) => ownershipOfOne(store, owner)));
  return found.map((shard) => {
    const isLost = shard.is === "none" && shard.recordIs === "none" && hadCard(shard.store.name, ownCards(found));
    return isLost ? { ...shard, is: "lost" } : shard;
  });
}

const ownCards = (shards: readonly ShardOwnership[]): readonly ShardOwnership[] =>
  shards.filter(({ is }) => is === "own");

async function ownershipOfOne(store: ShardStore, owner: Owner): Promise<ShardOwnership> {
  const recordIs = await recordOwner(store, owner);
  const text = await store.readRecord(CARD);
  if (text === undefined) return { store, is: "none", recordIs, card: undefined };
  const card = parseCard(text);
  if (card === undefined)
    return { store, is: "unreadable", recordIs, card: undefined, was: "a card that cannot be read" };
  const isOwn = card.shard === store.name && sameBackend(card.backend, owner.backend);
  if (isOwn) return { store, is: recordIs === "foreign" ? "foreign" : "own", recordIs, card };
  const renewed = { ...newCard(store.name, owner.backend), highestEpoch: card.highestEpoch };
  return { store, is: "foreign", recordIs, card: renewed, was: `${card.shard} of ${describeBackend(card.backend)}` };
}

async function recordOwner(store: ShardStore, owner: Owner): Promise<ShardOwnership["recordIs"]> {
  try {
    await refuseForeignMigration(store, owner);
    if ((await readAbandonedRecord([store])) !== undefined) return "own";
    return (await remembersAny(store)) ? "unreadable" : "none";
  } catch (error) {
    if (error instanceof ForeignShardError || error instanceof OtherStackError) return "foreign";
    if (error instanceof OtherShardError) return "another shard's";
    throw error;
  }
}
