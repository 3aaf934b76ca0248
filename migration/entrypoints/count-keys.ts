import { setTimeout as sleep } from "node:timers/promises";
import { openShards, type ShardAccess, type ShardAddress } from "../adapters/open-shards";
import { accessOf, addressesOf, type Secrets, type StepInputs } from "./inputs";

/** Nobody waits longer than this for what is only shown. */
const COUNT_WITHIN_MS = 5_000;

/**
 * @param names - the shards to ask; all of the connection by default.
 * @returns how many keys each of them holds, by name; why that is not known where one does not answer.
 */
export async function countKeys(
  inputs: Pick<StepInputs, "connection" | "ring">,
  secrets: Secrets,
  names: readonly string[] = Object.keys(inputs.connection.shards),
): Promise<Readonly<Record<string, number | string>>> {
  const access = accessOf(inputs, secrets, false);
  const count = async (address: ShardAddress) => [address.name, await keysOf(address, access)] as const;
  const asked = addressesOf(inputs.connection).filter(({ name }) => names.includes(name));
  return Object.fromEntries(await Promise.all(asked.map(count)));
}

/** Each shard is opened by itself, so that one that cannot be leaves the others to be asked. */
async function keysOf(address: ShardAddress, access: ShardAccess): Promise<number | string> {
  const opening = openShards([address], access);
  const asked = opening.then(({ shards }) => Promise.all(shards.map((shard) => shard.info())));
  const late = sleep(COUNT_WITHIN_MS, `no answer within ${COUNT_WITHIN_MS / 1_000}s`, { ref: false });
  try {
    const answer = await Promise.race([asked, late]);
    return typeof answer === "string" ? answer : answer.reduce((sum, { keys }) => sum + keys, 0);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    opening.then(
      (open) => open.close(),
      () => undefined,
    );
  }
}
