import { CARD, newCard, parseCard, sameBackend, type ShardCard } from "../../contract/shard-card";
import { OtherShardError } from "../errors";
import type { FencingToken, ShardStore } from "../shard-store";
import { refuseForeignMigration } from "./migration-owner";
import type { Owner } from "./owner";
import { adoptCommand, ForeignShardError, UnreadableCardError } from "./ownership-errors";

/** A shard with its card; undefined where it has none. */
export interface CardedShard {
  readonly store: ShardStore;
  readonly card: ShardCard | undefined;
}

/**
 * Reads the card of a shard, and refuses that of another shard or backend.
 *
 * @returns the card; undefined where there is none.
 * @throws OtherShardError for another shard's card; ForeignShardError when the shard, or the migration recorded on it, is
 *   another backend's; OtherStackError when another stack began that migration; UnreadableCardError.
 */
export async function readOwnCard(store: ShardStore, owner: Owner): Promise<ShardCard | undefined> {
  const card = await readCard(store, owner.stack);
  if (card !== undefined) refuseForeignCard(store.name, card, owner);
  await refuseForeignMigration(store, owner);
  return card;
}

/** @returns the card of a shard, whoever it belongs to; undefined where there is none. @throws UnreadableCardError */
export async function readCard(store: ShardStore, stack?: string): Promise<ShardCard | undefined> {
  const text = await store.readRecord(CARD);
  if (text === undefined) return undefined;
  const card = parseCard(text);
  if (card === undefined) throw new UnreadableCardError(store.name, stack);
  return card;
}

/** Raise the number on every shard, then note it on all the others. */
const ROUNDS = 2;

function refuseForeignCard(shard: string, card: ShardCard, { backend, stack }: Owner): void {
  if (!sameBackend(card.backend, backend)) throw new ForeignShardError(shard, card.backend, backend, stack);
  if (card.shard !== shard) throw new OtherShardError(shard, card.shard, adoptCommand(stack, shard));
}

/**
 * Writes the cards of shards that have one and of those that get one: each run raises the sequence number, and every card
 * knows the highest epoch that one of them knew. A second round notes on the others what the first one wrote, so that a
 * shard has really had the card and the number that others know of: a run that is killed in between accuses no shard.
 *
 * @param ring - names of all shards of the rings; what the cards know of others is forgotten.
 * @param epoch - a ring epoch in use; 0 for none.
 */
export async function writeCards(
  shards: readonly CardedShard[],
  token: FencingToken,
  { owner, ring, epoch }: { readonly owner: Owner; readonly ring: readonly string[]; readonly epoch: number },
): Promise<void> {
  let cards = shards.map(({ store, card }) => ({ store, card: card ?? newCard(store.name, owner.backend) }));
  let known = shards.flatMap(({ card }) => card ?? []);
  for (let round = 0; round < ROUNDS; round++) {
    const sequence = 1 + Math.max(0, ...cards.map(({ card }) => card.sequence));
    const highestEpoch = Math.max(epoch, ...cards.map(({ card }) => card.highestEpoch));
    cards = cards.map(({ store, card }) => {
      const backend = { ...card.backend, ...owner.backend };
      const others = othersOf(store.name, card, known, ring);
      return { store, card: { ...card, shard: store.name, backend, highestEpoch, sequence, others } };
    });
    for (const { store, card } of cards) await store.writeRecord(token, CARD, JSON.stringify(card));
    known = cards.map(({ card }) => card);
  }
}

function othersOf(
  shard: string,
  { others = {} }: ShardCard,
  known: readonly ShardCard[],
  ring: readonly string[],
): Readonly<Record<string, number>> {
  const read = known.map((card) => [card.shard, card.sequence] as const);
  const all = [...Object.entries(others), ...read].filter(([name]) => name !== shard && ring.includes(name));
  return Object.fromEntries(all);
}

/** @returns whether a shard has had a card, as the cards of others say. */
export const hadCard = (shard: string, shards: readonly CardedShard[]): boolean =>
  shards.some(({ card }) => Object.hasOwn(card?.others ?? {}, shard));

/**
 * @returns shards that have lost writes: their number is below what the others have read there, so the shard was restored
 *   from an older backup, or failed over to a replica that lagged behind; or they have lost the card itself.
 */
export function shardsBehind(shards: readonly CardedShard[]): readonly string[] {
  const known = (name: string) => Math.max(-1, ...shards.map(({ card }) => card?.others?.[name] ?? -1));
  return shards.filter(({ store, card }) => (card?.sequence ?? -1) < known(store.name)).map(({ store }) => store.name);
}

/** Notes on the cards of shards that a ring epoch is going to be used. Shards without a card stay without. */
export async function noteEpoch(
  stores: readonly ShardStore[],
  token: FencingToken,
  noted: { readonly owner: Owner; readonly ring: readonly string[]; readonly epoch: number },
): Promise<void> {
  const shards = await Promise.all(stores.map(async (store) => ({ store, card: await readCard(store) })));
  await writeCards(
    shards.filter(({ card }) => card !== undefined),
    token,
    noted,
  );
}
