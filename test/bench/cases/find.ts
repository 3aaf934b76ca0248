/** Finding the movers of one source: a scan of all of its keys, and where each belongs. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { moversOnPrimary } from "../../../migration/engines/route";
import { walk } from "../../../migration/engines/walk";
import type { RedisServer } from "../../integration/redis-servers";
import { SOURCE, type BenchRing } from "../bench-ring";
import type { Contest } from "../contest";

/** The best count for a bare scan too. */
const COUNT = 250;
const MAX_OUTPUT_BYTES = 2 ** 30;

export async function find(ring: BenchRing): Promise<Contest> {
  const server = ring.server(SOURCE);
  const keys = await server.client.dbsize();
  const all = (run: () => Promise<unknown>) => async () => {
    await run();
    return keys;
  };
  return {
    title: "Finding the movers",
    task: "scan the keys of one source and tell which of them move; the peers only scan",
    contenders: [
      { name: "dedup-shards", run: all(() => ownFind(ring)) },
      { name: "a bare SCAN (ioredis)", run: all(() => bareScan(server)) },
      { name: "redis-cli --scan", run: all(() => redisCliScan(server)) },
    ],
  };
}

function ownFind(ring: BenchRing): Promise<void> {
  return ring.withRun(({ rings, shards, log }) =>
    walk({
      source: shards(SOURCE),
      route: moversOnPrimary(rings, ring.forward),
      pacing: { batchSize: 200, flight: 2 },
      startCursor: "0",
      onBatch: () => Promise.resolve(),
      onWindow: () => Promise.resolve(),
      onServer: () => Promise.resolve(),
      onRestart: () => Promise.resolve(),
      log,
    }),
  );
}

async function bareScan({ client }: RedisServer): Promise<void> {
  let cursor = "0";
  do [cursor] = await client.scan(cursor, "COUNT", COUNT);
  while (cursor !== "0");
}

const redisCliScan = ({ host, port }: RedisServer) =>
  promisify(execFile)("redis-cli", ["-h", host, "-p", String(port), "--scan"], { maxBuffer: MAX_OUTPUT_BYTES });
