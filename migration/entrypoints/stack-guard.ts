import { messageOf, GateClosedError } from "../engines/errors";
import { isObjectGone } from "./guarded-object";
import { addressesOf, STATE_VERSION, type ConnectionInputs, type Secrets } from "./inputs";
import { openBackend } from "./open-run";
import { assertRemovable } from "./shard-removal";
import { watchEngine } from "./watch-engine";

/** Inputs of the guard of the whole stack. */
export interface StackGuardInputs {
  /** Of the shards that this program runs: others stay when the stack goes. */
  readonly connection: ConnectionInputs;
  readonly keyPrefix: string;
}

export const update = (_olds: unknown, news: StackGuardInputs) => ({ ...news, stateVersion: STATE_VERSION });

/**
 * Refuses to let the stack go while the backend needs one of its shards. Everything else is made before this guard, so a
 * `pulumi destroy` asks it first, and deletes nothing when it refuses. (Each shard has a guard as well, which is asked
 * right before that shard goes: the first shards would be gone when the guard of the last one refuses.)
 *
 * @throws GateClosedError with one line for each shard that must stay.
 */
export async function remove({ connection, keyPrefix }: StackGuardInputs, secrets: Secrets): Promise<void> {
  watchEngine();
  const live = await (await openBackend(connection)).ring();
  const refusals = await Promise.all(
    addressesOf(connection).map(async (address) => {
      const guarded = { shard: address.name, connection, uid: "" };
      if (live !== undefined && (await isObjectGone(guarded))) return undefined;
      return assertRemovable({ address, connection, keyPrefix, live }, secrets).then(() => undefined, messageOf);
    }),
  );
  const reasons = refusals.filter((reason) => reason !== undefined);
  if (reasons.length > 0) throw new GateClosedError(`nothing has been deleted:\n${reasons.join("\n")}`);
}
