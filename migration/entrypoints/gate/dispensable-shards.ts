/** Shards that a move can do without, or a step behind the cutover. */
import type { Session } from "../../adapters/session";
import { OtherShardError } from "../../engines/errors";
import { RetiringShardError } from "../../engines/gate/retiring-shards";
import { readAbandonedRecord } from "../../engines/migration-record";
import type { ShardStore } from "../../engines/shard-store";
import { isOpen, moveOf, retiringShards } from "../../phases";
import type { CheckedGateInputs } from "../gate-inputs";
import { isForced, log, type RingInputs, type Secrets } from "../inputs";

/**
 * @param open - the side of the move that knows both rings, with the addresses of all shards.
 * @returns names of the shards that may be out of reach: those of the ring that is given up alone. What a move is taken back
 *   from may have closed the migration, and removed them.
 */
export function dispensableShards(
  olds: CheckedGateInputs,
  news: CheckedGateInputs,
  open: CheckedGateInputs,
): readonly string[] {
  const { givesUp } = moveOf(olds.phase, news.phase);
  if (givesUp === "current") return retiringShards(open.ring);
  if (givesUp === undefined && isOpen(olds.phase)) return [];
  return Object.keys(open.connection.shards).filter((name) => !olds.ring.shards.includes(name));
}

/** @returns shards that hold no record of the migration, or are others than their names say: they are as good as out of reach. */
export async function shardsThatForgot(stores: readonly ShardStore[]): Promise<readonly ShardStore[]> {
  const records = await Promise.all(stores.map((store) => readAbandonedRecord([store]).catch(noneOfAnother)));
  return stores.filter((_, i) => records[i] === undefined);
}

function noneOfAnother(error: unknown): undefined {
  if (error instanceof OtherShardError) return undefined;
  throw error;
}

/** @returns those names that forceRemoveShards does not have. */
export const notForced = (names: readonly string[], secrets: Secrets): readonly string[] =>
  names.filter((name) => !isForced(name, secrets));

/**
 * Behind the cutover's end, where the target ring alone is used: leaves retiring shards out that lost their data, and those
 * that are away, if they are named. What they hold is not touched.
 *
 * @returns the shards to go on with.
 * @throws RetiringShardError for a shard that is away and not named.
 */
export async function withoutLostRetiring(
  { stores, outOfReach }: Pick<Session, "stores" | "outOfReach">,
  ring: RingInputs,
  secrets: Secrets,
): Promise<readonly ShardStore[]> {
  const unnamed = notForced(outOfReach, secrets);
  if (unnamed.length > 0) throw new RetiringShardError(unnamed, true);
  const retiring = retiringShards(ring);
  const forgetful = await shardsThatForgot(stores.filter(({ name }) => retiring.includes(name)));
  for (const name of [...outOfReach, ...forgetful.map((store) => store.name)]) {
    log(`${name} retires and is away or has lost its data: it is left as it is, and what it holds is not deleted`);
  }
  return stores.filter((store) => !forgetful.includes(store));
}
