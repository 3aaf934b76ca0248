import { openShards, type ShardAddress } from "../adapters/open-shards";
import { findSoleKey } from "../engines/sole-keys";
import { accessOf, addressesOf, log, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";

/** Inputs: the shards that exist. */
export type ShardSetInputs = Pick<StepInputs, "ring" | "connection">;

/** A preview looks no longer than this for keys that would be lost. */
const LOOK_FOR_MS = 10_000;

/** Refuses, in the preview, to remove a shard that holds a key which no other shard holds. */
export async function check(olds: Partial<ShardSetInputs>, news: ShardSetInputs, secrets: Secrets) {
  const before = olds.connection ? addressesOf(olds.connection) : [];
  const removed = before.filter(({ name }) => news.connection.shards[name] === undefined);
  const failures = [];
  for (const address of removed) {
    const reason = await refuseRemoval(address, news, secrets);
    if (reason !== undefined) failures.push({ property: "shards", reason });
  }
  return { inputs: news, failures };
}

export const create = (inputs: ShardSetInputs) => ({ ...inputs, stateVersion: STATE_VERSION });

export const update = (_olds: ShardSetInputs, news: ShardSetInputs) => ({ ...news, stateVersion: STATE_VERSION });

async function refuseRemoval(address: ShardAddress, news: ShardSetInputs, secrets: Secrets) {
  const open = await openShards([address, ...addressesOf(news.connection)], accessOf(news, secrets, false));
  try {
    const [shard, ...others] = open.shards;
    const until = Date.now() + LOOK_FOR_MS;
    const sole = shard && (await findSoleKey(shard, others, () => Date.now() < until));
    return sole && soleKeyMessage(sole.shard, sole.key);
  } catch (error) {
    // The guard of the shard decides when it comes to deleting; a preview must not need the shards.
    log(
      `${address.name}: not known yet whether it is drained: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  } finally {
    open.close();
  }
}

/** Why a shard may not be removed. */
export const soleKeyMessage = (shard: string, key: string): string =>
  `${shard} cannot be removed: it holds keys that no other shard holds, such as "${key}". ` +
  `Run the migration through its cleanup first; keys without the prefix must be moved or deleted by hand.`;
