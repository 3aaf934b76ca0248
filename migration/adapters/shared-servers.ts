import { SharedServerError } from "../engines/errors";
import { answersInTime } from "./answers-in-time";
import type { RedisShard } from "./redis-shard";

/**
 * Asks every shard which server process it is: URLs cannot tell that two names lead to one machine.
 * @throws SharedServerError when two shards are one database; ShardUnreachableError when one does not answer.
 */
export async function refuseSharedServers(shards: readonly RedisShard[]): Promise<void> {
  refuseEqual(await Promise.all(shards.map(identify)));
}

/**
 * The same for a preview: shards that do not answer in time, and those that are yet to be made, are left out.
 * @throws SharedServerError when two shards are one database.
 */
export async function refuseSharedAmongReachable(shards: readonly RedisShard[], withinMs: number): Promise<void> {
  refuseEqual(await answersInTime(shards, identify, withinMs));
}

interface Identity {
  readonly shard: RedisShard;
  readonly runId: string;
}

const identify = async (shard: RedisShard): Promise<Identity> => ({ shard, runId: await shard.runId() });

function refuseEqual(identities: readonly Identity[]): void {
  const seen = new Map<string, RedisShard>();
  for (const { shard, runId } of identities) {
    const database = `${runId}/${shard.db}`;
    const other = seen.get(database);
    if (other) throw new SharedServerError(other, shard);
    seen.set(database, shard);
  }
}
