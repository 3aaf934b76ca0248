/** What most tools do: one command per key and step, pipelined. */
import type { RedisServer } from "../../integration/redis-servers";
import { inFlight } from "../in-flight";

const BATCH = 200;
const FLIGHT = 2;

export async function pipelinedCopy(from: RedisServer, to: RedisServer, keys: readonly Buffer[]): Promise<void> {
  await inFlight(keys, BATCH, FLIGHT, async (batch) => {
    const reads = from.client.pipeline();
    for (const key of batch) reads.dumpBuffer(key).pexpiretime(key);
    const found = (await reads.exec()) ?? [];
    const writes = to.client.pipeline();
    batch.forEach((key, i) => {
      const [dump, expiry] = [found[2 * i]?.[1] as Buffer, Number(found[2 * i + 1]?.[1])];
      writes.restore(key, Math.max(0, expiry), dump, "ABSTTL");
    });
    const answers = (await writes.exec()) ?? [];
    const failed = answers.find(([error]) => error);
    if (failed?.[0]) throw failed[0];
  });
}
