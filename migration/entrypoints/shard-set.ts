import { openShards, type ShardAddress } from "../adapters/open-shards";
import { refuseSharedAmongReachable, refuseSharedServers } from "../adapters/shared-servers";
import { serverOf } from "../config/server";
import { messageOf, SharedServerError } from "../engines/errors";
import { findSoleKey } from "../engines/sole-keys";
import { unfitToJoin } from "./joining-shards";
import { accessOf, addressesOf, isForced, log, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";

/** Inputs: the shards that exist. */
export type ShardSetInputs = Pick<StepInputs, "ring" | "connection">;

/** A preview looks no longer than this for keys that would be lost. */
const LOOK_FOR_MS = 10_000;
/** A preview waits no longer than this for shards to say which server they are, and then of what kind. */
const IDENTIFY_WITHIN_MS = 5_000;

/**
 * Refuses, in the preview, to remove a shard that holds a key which no other shard holds, to take one server for two
 * shards, and to let one join that cannot: a replica, a Cluster node, one that evicts keys, one too old.
 */
export async function check(olds: Partial<ShardSetInputs>, news: ShardSetInputs, secrets: Secrets) {
  const before = olds.connection ? addressesOf(olds.connection) : [];
  const removed = before.filter(({ name, url }) => !isStill(news.connection.shards[name], url));
  const reasons: (string | undefined)[] = [...(await refuseServers(before, news, secrets))];
  for (const address of removed) {
    if (isForced(address.name, secrets)) log(forcedMessage(address.name));
    else reasons.push(await refuseRemoval(address, news, secrets));
  }
  const failures = reasons.filter((reason) => reason !== undefined);
  return { inputs: news, failures: failures.map((reason) => ({ property: "shards", reason })) };
}

const isStill = (now: string | undefined, before: string): boolean =>
  now !== undefined && serverOf(now) === serverOf(before);

export const create = (inputs: ShardSetInputs) => ({ ...inputs, stateVersion: STATE_VERSION });

export const update = (_olds: ShardSetInputs, news: ShardSetInputs) => ({ ...news, stateVersion: STATE_VERSION });

/** Looks only when the shards are others than before: every run that locks shards looks again. */
async function refuseServers(before: readonly ShardAddress[], news: ShardSetInputs, secrets: Secrets) {
  const now = addressesOf(news.connection);
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  const { shards: current, targetShards } = news.ring;
  const joins = (name: string) => targetShards.includes(name) && !current.includes(name);
  const open = await openShards(now, accessOf(news, secrets, false));
  try {
    await refuseSharedAmongReachable(open.shards, IDENTIFY_WITHIN_MS);
    return await unfitToJoin(
      open.shards.filter(({ name }) => joins(name)),
      IDENTIFY_WITHIN_MS,
    );
  } catch (error) {
    return [messageOf(error)];
  } finally {
    open.close();
  }
}

async function refuseRemoval(address: ShardAddress, news: ShardSetInputs, secrets: Secrets) {
  const open = await openShards([address, ...addressesOf(news.connection)], accessOf(news, secrets, false));
  try {
    await refuseSharedServers(open.shards);
    const [shard, ...others] = open.shards;
    const until = Date.now() + LOOK_FOR_MS;
    const sole = shard && (await findSoleKey(shard, others, () => Date.now() < until));
    return sole && soleKeyMessage(sole.shard, sole.key);
  } catch (error) {
    if (error instanceof SharedServerError) return error.message;
    // The guard of the shard decides when it comes to deleting; a preview must not need the shards.
    log(`${address.name}: not known yet whether it is drained: ${messageOf(error)}`);
    return undefined;
  } finally {
    open.close();
  }
}

/** Why a shard may not be removed. */
export const soleKeyMessage = (shard: string, key: string): string =>
  `${shard} cannot be removed: it holds keys that no other shard holds, such as "${key}". ` +
  `Run the migration through its cleanup first; keys without the prefix must be moved or deleted by hand, ` +
  `and a claim that its client left half-done goes when it expires.`;

/** What is said when nobody looks whether it may. */
export const forcedMessage = (shard: string): string =>
  `${shard} is removed without a look at its keys: forceRemoveShards names it.`;
