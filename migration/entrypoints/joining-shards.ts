import { answersInTime } from "../adapters/answers-in-time";
import type { RedisShard } from "../adapters/redis-shard";
import { serverProblems } from "../plan/server-problems";

/**
 * @returns why shards cannot join a ring, as far as a preview can tell: those that do not answer in time, and those that are
 *   yet to be made, the plan looks at.
 */
export async function unfitToJoin(shards: readonly RedisShard[], withinMs: number): Promise<readonly string[]> {
  const problemsOf = async (shard: RedisShard) => serverProblems({ shard: shard.name, ...(await shard.info()) });
  return (await answersInTime(shards, problemsOf, withinMs)).flat();
}
