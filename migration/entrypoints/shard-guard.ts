import { isObjectGone, noteSuccessor } from "./guarded-object";
import { addressesOf, log, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";
import { openBackend } from "./open-run";
import { assertRemovable } from "./shard-removal";
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
  if (replaced) noteSuccessor(news);
  return {
    changes: replaced || JSON.stringify(olds.connection) !== JSON.stringify(news.connection),
    replaces: replaced ? ["uid"] : [],
    deleteBeforeReplace: true,
  };
};

export const create = (inputs: ShardGuardInputs) => ({ ...inputs, stateVersion: STATE_VERSION });

export const update = (_olds: ShardGuardInputs, news: ShardGuardInputs) => ({ ...news, stateVersion: STATE_VERSION });

/**
 * Refuses to let the shard go while the backend needs it or one of its keys, as {@link assertRemovable} says. Where the
 * StatefulSet that it guards is gone already there is nothing to protect.
 */
export async function remove(olds: ShardGuardInputs, secrets: Secrets): Promise<void> {
  watchEngine();
  const { shard, connection, keyPrefix } = olds;
  const [address] = addressesOf(connection);
  if (!address) return;
  const live = await (await openBackend(connection)).ring();
  // Without the ring that was left there this may be another cluster, whose silence says nothing.
  if (live !== undefined && (await isObjectGone(olds))) {
    return log(`${shard}: the StatefulSet that its guard stood before is gone already, so nothing is guarded any more`);
  }
  await assertRemovable({ address, connection, keyPrefix, live }, secrets);
}
