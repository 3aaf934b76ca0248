/** The ceiling: nothing but the commands that a copy needs, as bytes on two sockets. */
import type { RedisServer } from "../../integration/redis-servers";
import { inFlight } from "../in-flight";
import { encode, RespSocket } from "../resp-socket";

const BATCH = 200;
const FLIGHT = 2;

export async function rawCopy(from: RedisServer, to: RedisServer, keys: readonly Buffer[]): Promise<void> {
  const source = await RespSocket.open(from.host, from.port);
  const target = await RespSocket.open(to.host, to.port);
  await inFlight(keys, BATCH, FLIGHT, async (batch) => {
    const reads = Buffer.concat(batch.flatMap((key) => [encode(["GET", key]), encode(["PEXPIRETIME", key])]));
    const found = await source.send(reads, 2 * batch.length);
    const writes = batch.map((key, i) =>
      encode(["SET", key, found[2 * i] as Buffer, "PXAT", String(found[2 * i + 1]), "NX"]),
    );
    await target.send(Buffer.concat(writes), batch.length);
  });
  source.close();
  target.close();
}
