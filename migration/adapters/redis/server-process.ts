import type { RunningProcess } from "../../contract/shard-process";
import { ShardRefusedError } from "../../engines/errors";
import type { RedisClient } from "../redis-client";
import type { Replies } from "../replies";

/** What `master_replid2` says of a server that never was a replica. */
const NO_HISTORY = /^0*$/;

/** @returns the process as the fields of INFO describe it. */
export function processIn(fields: ReadonlyMap<string, string>, runId: string): RunningProcess {
  const [replicationId, before] = [fields.get("master_replid"), fields.get("master_replid2") ?? ""];
  return {
    runId,
    ...(replicationId ? { replicationId } : {}),
    ...(NO_HISTORY.test(before) ? {} : { promotedFrom: before }),
    isSoleWithAppendOnlyFile: fields.get("aof_enabled") === "1" && fields.get("connected_slaves") === "0",
  };
}

/**
 * @returns whether each write is synced before it is answered, also while the append-only file is rewritten; undefined
 *   where the server refuses CONFIG GET, as managed services and ACL users without `+config|get` do.
 */
export async function syncsEveryWrite(client: RedisClient, replies: Replies): Promise<boolean | undefined> {
  try {
    const setting = async (name: string) => replies.list(await client.call("CONFIG", "GET", name))[1];
    const [sync, rewrites] = [await setting("appendfsync"), await setting("no-appendfsync-on-rewrite")];
    if (sync === undefined || rewrites === undefined) return undefined;
    return replies.text(sync) === "always" && replies.text(rewrites) === "no";
  } catch (error) {
    if (error instanceof ShardRefusedError) return undefined;
    throw error;
  }
}
