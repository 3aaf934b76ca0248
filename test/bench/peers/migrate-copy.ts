/** The server's own way: the source sends the keys itself, and is blocked meanwhile. */
import type { RedisServer } from "../../integration/redis-servers";
import { inFlight } from "../in-flight";

const TIMEOUT_MS = 5_000;

export async function migrateCopy(
  from: RedisServer,
  to: RedisServer,
  keys: readonly Buffer[],
  batchSize: number,
): Promise<void> {
  await inFlight(keys, batchSize, 1, async (batch) => {
    await from.client.call("MIGRATE", to.host, to.port, "", 0, TIMEOUT_MS, "COPY", "REPLACE", "KEYS", ...batch);
  });
}
