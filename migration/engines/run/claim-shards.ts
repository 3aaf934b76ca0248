import type { Log } from "../runtime";
import { remembersAny } from "../migration-record";
import { OtherShardError } from "../errors";
import type { FencingToken, ShardStore } from "../shard-store";
import type { Owner } from "./owner";
import { adoptCommand, ForeignShardError } from "./ownership-errors";
import { hadCard, readOwnCard, shardsBehind, writeCards, type CardedShard } from "./shard-cards";

/** A run that is about to work on shards. */
export interface Claim {
  readonly stores: readonly ShardStore[];
  readonly owner: Owner;
  /** Names of all shards of the rings, those that are not opened included. */
  readonly ring: readonly string[];
  /** A ring epoch in use; 0 for none. */
  readonly epoch: number;
  /** Shards that the run can do without: those of others are left out. */
  readonly dispensable: readonly string[];
  /** Shards that may have lost their card: they hold nothing of their own yet. */
  readonly joining: readonly string[];
}

/** What a run may work on. */
export interface Claimed {
  readonly stores: readonly ShardStore[];
  /** Names of shards of others, left out. */
  readonly leftOut: readonly string[];
  /** Names of shards that had a card and have none, nor the record of a migration: they lost their data. */
  readonly lostCards: readonly string[];
  /** Names of shards that have their data, and have lost some of the last writes. */
  readonly behind: readonly string[];
  /** Writes the cards: new ones, and those that are there with the next sequence number. */
  readonly write: (token: FencingToken) => Promise<void>;
}

/**
 * Makes sure that shards belong to this backend. Those without a card get one when the cards are written: shards of an older
 * version's making, and those that join. A shard that has lost its card gets none, because its data are lost as well.
 *
 * @throws OtherShardError, ForeignShardError, OtherStackError or UnreadableCardError for a shard of somebody else that
 *   the run needs.
 */
export async function claimShards(claim: Claim, log: Log): Promise<Claimed> {
  const { owner, ring, epoch, dispensable, joining } = claim;
  const found = await Promise.all(claim.stores.map((store) => ownCard(store, owner, dispensable)));
  const mine = found.filter((shard) => shard !== undefined);
  const forgot = await Promise.all(mine.map((shard) => hasForgotten(shard, mine)));
  const lostCards = mine.flatMap(({ store: { name } }, i) => (forgot[i] && !joining.includes(name) ? [name] : []));
  for (const name of lostCards) {
    log(
      `warning: ${name} had a card, and has none now: it lost its data. Restore it, or see ${adoptCommand(owner.stack, name)}`,
    );
  }
  const carded = mine.filter(({ store }) => !lostCards.includes(store.name));
  const stores = mine.map(({ store }) => store);
  const leftOut = claim.stores.filter((store) => !stores.includes(store)).map(({ name }) => name);
  const behind = shardsBehind(mine).filter((name) => !lostCards.includes(name) && !joining.includes(name));
  const write = (token: FencingToken) => writeCards(carded, token, { owner, ring, epoch });
  return { stores, leftOut, lostCards, behind, write };
}

async function ownCard(
  store: ShardStore,
  owner: Owner,
  dispensable: readonly string[],
): Promise<CardedShard | undefined> {
  try {
    return { store, card: await readOwnCard(store, owner) };
  } catch (error) {
    const isOthers = error instanceof ForeignShardError || error instanceof OtherShardError;
    if (isOthers && dispensable.includes(store.name)) return undefined;
    throw error;
  }
}

/** A shard that knows its migration has its data: only the card was deleted. */
const hasForgotten = async ({ store, card }: CardedShard, all: readonly CardedShard[]): Promise<boolean> =>
  card === undefined && hadCard(store.name, all) && !(await remembersAny(store));
