import type { RedisShard } from "../adapters/redis-shard";
import { serverProblems } from "../plan/server-problems";

/**
 * @returns why shards cannot join a ring, as far as a preview can tell: those that do not answer in time, and those that are
 *   yet to be made, the plan looks at.
 */
export async function unfitToJoin(shards: readonly RedisShard[], withinMs: number): Promise<readonly string[]> {
  const found: (readonly string[])[] = [];
  const asked = shards.map(async (shard, i) => {
    found[i] = serverProblems({ shard: shard.name, ...(await shard.info()) });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
  await Promise.race([Promise.allSettled(asked), late]);
  clearTimeout(timer);
  return found.flat();
}
