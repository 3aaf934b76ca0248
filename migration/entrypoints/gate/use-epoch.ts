import { answersInTime } from "../../adapters/answers-in-time";
import { openShards } from "../../adapters/open-shards";
import { GateClosedError, OtherShardError } from "../../engines/errors";
import { highestEpochKnownTo } from "../../engines/run/known-epochs";
import { noteEpoch, readOwnCard } from "../../engines/run/shard-cards";
import type { ShardStore } from "../../engines/shard-store";
import { ownerOf } from "../backend-identity";
import type { CheckedGateInputs } from "../gate-inputs";
import { accessOf, addressesOf, type Secrets } from "../inputs";
import type { OwnedSession } from "../open-run";

/** A first `up` waits no longer than this for shards, some of which may be yet to be made. */
const ANSWER_WITHIN_MS = 5_000;

/** @returns the refusal of an epoch that is not the next one. */
export const usedEpoch = (epoch: number, known: number): GateClosedError =>
  new GateClosedError(
    `ring epoch ${epoch} was shown for this move, but the shards know that epoch ${known} has been used, and no epoch may ` +
      "come twice. The preview could not ask them. Nothing was changed: run `pulumi up` again, which takes a higher one.",
  );

/**
 * Refuses an epoch that is not above all that the shards know.
 *
 * @param from - the epoch in force; a move that keeps it uses no other.
 * @param live - that of the live ConfigMap: where the move has been made already the shards know its epoch.
 * @throws GateClosedError
 */
export async function refuseUsedEpoch(
  shards: readonly ShardStore[],
  { from, to, live }: { readonly from: number; readonly to: number; readonly live: number | undefined },
): Promise<void> {
  if (to === from || to === live) return;
  const known = Math.max(0, ...(await Promise.all(shards.map(highestEpochKnownTo))));
  if (known >= to) throw usedEpoch(to, known);
}

/** Notes the epoch of a move on the shards before the ring gets it. */
export const useEpoch = (
  { run, stores, owner }: Pick<OwnedSession, "run" | "stores" | "owner">,
  { epoch, connection }: Pick<CheckedGateInputs, "epoch" | "connection">,
): Promise<void> => noteEpoch(stores, run.token(), { owner, ring: Object.keys(connection.shards), epoch });

/**
 * Refuses shards of another backend before the first ring is written. Shards that do not answer in time may be yet to be
 * made; the first step that works on them looks again.
 *
 * @throws ForeignShardError, OtherStackError, OtherShardError, UnreadableCardError
 */
export async function refuseForeignShards(inputs: CheckedGateInputs, secrets: Secrets): Promise<void> {
  const owner = await ownerOf(inputs);
  const open = await openShards(addressesOf(inputs.connection), accessOf(inputs, secrets, false));
  const look = (shard: ShardStore) => readOwnCard(shard, owner).then(() => undefined, refusal);
  try {
    const [refused] = (await answersInTime(open.shards, look, ANSWER_WITHIN_MS)).filter((it) => it !== undefined);
    if (refused) throw refused;
  } finally {
    open.close();
  }
}

/** What is thrown is handed on; that a shard does not answer is no refusal. */
function refusal(error: unknown): Error | undefined {
  return error instanceof GateClosedError || error instanceof OtherShardError ? error : undefined;
}
