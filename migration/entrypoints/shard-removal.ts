import { openShards, type ShardAddress } from "../adapters/open-shards";
import { refuseSharedServers } from "../adapters/shared-servers";
import { serverOf } from "../config/server";
import { GateClosedError, ShardUnreachableError } from "../engines/errors";
import { findSoleKey } from "../engines/sole-keys";
import { accessOf, isForced, log, type ConnectionInputs, type Secrets } from "./inputs";
import { isDualWrite, isUsed, ShardInUseError, urlsRead, type LiveRing } from "./live-shard";
import { forcedMessage, soleKeyMessage } from "./shard-set";

/** A shard that is about to go, and what it is asked by. */
export interface Removal {
  readonly address: ShardAddress;
  readonly connection: ConnectionInputs;
  readonly keyPrefix: string;
  readonly live: LiveRing;
}

/**
 * Refuses to let a shard go that the backend needs, or that holds a key which no shard of the live ring holds.
 *
 * In dual-write a shard of either ring is refused without a look at it. Otherwise an empty shard may go, also one of the
 * live ring: an unused ring can be taken down.
 *
 * @throws ShardInUseError when the backend uses it; GateClosedError for a key that would be lost; SharedServerError when a
 *   shard of the ring is this one by another name; ShardUnreachableError when another shard does not answer.
 */
export async function assertRemovable(removal: Removal, secrets: Secrets): Promise<void> {
  const { address, live } = removal;
  if (isForced(address.name, secrets)) return removeForced(address.name, address, live);
  if (isDualWrite(live) && isUsed(address, live)) throw new ShardInUseError(address.name);
  try {
    await assertNoneLost(removal, secrets);
  } catch (error) {
    if (!(error instanceof ShardUnreachableError) || error.shard !== address.name) throw error;
    throw new GateClosedError(
      `${error.message} If it is dead, and no key on it is needed any more, name it in forceRemoveShards.`,
    );
  }
}

async function assertNoneLost({ address, connection, keyPrefix, live }: Removal, secrets: Secrets): Promise<void> {
  const others = urlsRead(live).filter((url) => serverOf(url) !== serverOf(address.url));
  const access = accessOf({ connection, ring: { ...NO_RING, keyPrefix } }, secrets);
  const open = await openShards([address, ...others.map((url) => ({ name: url, url }))], access);
  try {
    const [shard, ...rest] = open.shards;
    // An empty shard has nothing to lose; in a destroy those that went before it can no longer be asked.
    if (!shard || (await findSoleKey(shard, [])) === undefined) return;
    await refuseSharedServers(open.shards);
    const sole = await findSoleKey(shard, rest);
    if (sole) throw new GateClosedError(soleKeyMessage(sole.shard, sole.key));
    if (isUsed(address, live)) throw new ShardInUseError(address.name);
  } finally {
    open.close();
  }
}

/**
 * The operator has said that the shard's keys are not needed: it may be dead. Not so while the backend uses it.
 * @throws ShardInUseError for a shard of the ring in force.
 */
export function removeForced(shard: string, { url }: ShardAddress, live: LiveRing): void {
  if (isUsed({ name: shard, url }, live)) throw new ShardInUseError(shard, true);
  log(forcedMessage(shard));
}

const NO_RING = { shards: [], targetShards: [], vnodes: 1 };
