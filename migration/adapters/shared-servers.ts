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
  readonly database: string;
}

/** By what the server says of the connection: two URLs may name one database in two ways. */
const identify = async (shard: RedisShard): Promise<Identity> => ({
  shard,
  database: `${await shard.runId()}/${await shard.database()}`,
});

function refuseEqual(identities: readonly Identity[]): void {
  const seen = new Map<string, RedisShard>();
  for (const { shard, database } of identities) {
    const other = seen.get(database);
    if (other) throw new SharedServerError(other, shard);
    seen.set(database, shard);
  }
}
