/** Replacing a shard: all of its keys move, so that what copies everything can be measured against it. */
import { preCopy } from "../../../migration/engines/pre-copy";
import type { Run } from "../../../migration/engines/runtime";
import { HashRing } from "../../../migration/ring/ring";
import { SOURCE, TOLERANCE_MS, UNTHROTTLED, verifyPass, type BenchRing } from "../bench-ring";
import type { Contest } from "../contest";
import { hasRedisShake, redisShake } from "../peers/redis-shake";
import { copier } from "./copying";

export async function replace(ring: BenchRing): Promise<Contest> {
  const [from, to] = [ring.server(SOURCE), ring.server(ring.joining)];
  const keys = await from.client.dbsize();
  const contender = (name: string, run: () => Promise<unknown>) => copier(ring, keys, name, run);
  return {
    title: "Replacing a shard",
    task: "scan one source, route its keys, all of which move, and copy them",
    contenders: [
      contender("dedup-shards", () => ring.withRun((run) => replaced(ring, run))),
      contender("dedup-shards, every key verified", () => ring.withRun((run) => replacedAndVerified(ring, run))),
      ...(hasRedisShake() ? [contender("RedisShake, count 1000", () => redisShake(from, to))] : []),
    ],
  };
}

function ringsOf(ring: BenchRing, run: Run) {
  const [current, target] = [new HashRing([SOURCE]), new HashRing([ring.joining])];
  return {
    run: { ...run, rings: { ...run.rings, current, target } },
    direction: { primary: current, secondary: target },
  };
}

async function replaced(ring: BenchRing, run: Run): Promise<void> {
  await preCopy(ringsOf(ring, run).run, ring.migration, UNTHROTTLED, TOLERANCE_MS);
}

async function replacedAndVerified(ring: BenchRing, all: Run): Promise<void> {
  await replaced(ring, all);
  const { run, direction } = ringsOf(ring, all);
  await verifyPass(run, ring.migration, direction);
}
