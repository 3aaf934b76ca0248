import { answersInTime } from "../../adapters/answers-in-time";
import { openShards } from "../../adapters/open-shards";
import { messageOf } from "../../engines/errors";
import { highestEpochKnownTo } from "../../engines/run/known-epochs";
import { accessOf, addressesOf, log, type Secrets, type StepInputs } from "../inputs";

/** A preview waits no longer than this for shards. */
const ANSWER_WITHIN_MS = 5_000;

/** @returns the highest ring epochs that the shards know, those that answer in time. Reads only, and never fails. */
export async function peekEpochs(
  inputs: Pick<StepInputs, "connection" | "ring">,
  secrets: Secrets,
): Promise<readonly number[]> {
  try {
    const open = await openShards(addressesOf(inputs.connection), accessOf(inputs, secrets, false));
    try {
      return await answersInTime(open.shards, highestEpochKnownTo, ANSWER_WITHIN_MS);
    } finally {
      open.close();
    }
  } catch (error) {
    log(`which ring epochs the shards know could not be asked: ${messageOf(error)}`);
    return [];
  }
}
