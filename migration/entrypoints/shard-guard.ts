import { openShards, type ShardAddress } from "../adapters/open-shards";
import { refuseSharedServers } from "../adapters/shared-servers";
import { serverOf } from "../config/server";
import { GateClosedError, ShardUnreachableError } from "../engines/errors";
import { findSoleKey } from "../engines/sole-keys";
import { accessOf, addressesOf, isForced, log, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";
import { openBackend } from "./open-run";
import { forcedMessage, soleKeyMessage } from "./shard-set";
import { watchEngine } from "./watch-engine";

/** Inputs of the guard of one shard that this program runs. */
export interface ShardGuardInputs extends Pick<StepInputs, "connection"> {
  readonly shard: string;
  readonly keyPrefix: string;
  /** Of the StatefulSet: a new one means that the shard is replaced. */
  readonly uid: string;
}

/** A StatefulSet with another uid is another shard: the guard goes, and is asked, before the old one does. */
export const diff = (olds: ShardGuardInputs, news: ShardGuardInputs) => {
  const replaced = olds.uid !== news.uid;
  return {
    changes: replaced || JSON.stringify(olds.connection) !== JSON.stringify(news.connection),
    replaces: replaced ? ["uid"] : [],
    deleteBeforeReplace: true,
  };
};

export const create = (inputs: ShardGuardInputs) => ({ ...inputs, stateVersion: STATE_VERSION });

export const update = (_olds: ShardGuardInputs, news: ShardGuardInputs) => ({ ...news, stateVersion: STATE_VERSION });

/**
 * Refuses to let the shard go while it holds a key that no shard of the live ring holds, unless it is to go anyhow.
 * @throws GateClosedError for such a key; SharedServerError when a shard of the ring is this one by another name;
 *   ShardUnreachableError when nobody can tell.
 */
export async function remove(olds: ShardGuardInputs, secrets: Secrets): Promise<void> {
  watchEngine();
  const [address] = addressesOf(olds.connection);
  if (!address) return;
  const live = await (await openBackend(olds.connection)).ring();
  if (isForced(olds.shard, secrets)) return removeForced(olds.shard, address, live);
  const others = primaryOf(live).filter((url) => serverOf(url) !== serverOf(address.url));
  const access = accessOf({ connection: olds.connection, ring: { ...NO_RING, keyPrefix: olds.keyPrefix } }, secrets);
  const open = await openShards([address, ...others.map((url) => ({ name: url, url }))], access);
  try {
    const [shard, ...rest] = open.shards;
    // An empty shard has nothing to lose; in a destroy those that went before it can no longer be asked.
    if (!shard || (await findSoleKey(shard, [])) === undefined) return;
    await refuseSharedServers(open.shards);
    const sole = await findSoleKey(shard, rest);
    if (sole) throw new GateClosedError(soleKeyMessage(sole.shard, sole.key));
  } catch (error) {
    if (!(error instanceof ShardUnreachableError) || error.shard !== olds.shard) throw error;
    throw new GateClosedError(
      `${error.message} If it is dead, and no key on it is needed any more, name it in forceRemoveShards.`,
    );
  } finally {
    open.close();
  }
}

type Ring = Readonly<Record<string, string>> | undefined;

const primaryOf = (live: Ring): readonly string[] => (live?.["DEDUP_SHARDS"] ?? "").split(",").filter(Boolean);

/**
 * The operator has said that the shard's keys are not needed: it may be dead. Not so while the backend uses it.
 * @throws GateClosedError for a shard of the ring in force.
 */
export function removeForced(shard: string, { url }: ShardAddress, live: Ring): void {
  const isRead = primaryOf(live).some((other) => serverOf(other) === serverOf(url));
  const isWritten = (live?.["DEDUP_NEW_RING"] ?? "").split(",").includes(shard);
  if (!isRead && !isWritten) return log(forcedMessage(shard));
  throw new GateClosedError(
    `${shard} cannot be removed, not even by forceRemoveShards: the backend runs a ring with it. ` +
      `Leave that ring by a migration (or by its rollback) first.`,
  );
}

const NO_RING = { shards: [], targetShards: [], vnodes: 1 };
