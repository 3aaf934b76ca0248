/** Replicas of a shard's server, and servers that take its place. */
import { setTimeout as sleep } from "node:timers/promises";
import { RedisServer } from "../integration/redis-servers";
import type { FaultyShard, Scene } from "./scene";

const WITHIN_MS = 30_000;

/** @returns a replica of a shard's server that is in sync with it, and sends every write to the disk. */
export async function replicaOf({ server }: FaultyShard, { others }: Scene): Promise<RedisServer> {
  await server.client.config("SET", "repl-diskless-sync-delay", "0");
  const replica = await RedisServer.start({ persistent: true });
  others.push(replica);
  await replica.client.replicaof("127.0.0.1", server.port);
  await until(async () => /master_link_status:up/.test(await replica.client.info("replication")));
  return replica;
}

/**
 * Cuts a replica off. What was written before it was asked for is on it; what is written afterwards is not.
 *
 * @returns when that was, in Unix ms.
 */
export async function cutOff(replica: RedisServer, { server }: FaultyShard): Promise<number> {
  const keptUntilMs = Date.now();
  const offset = await offsetOf(server, "master_repl_offset");
  await until(async () => (await offsetOf(replica, "slave_repl_offset")) >= offset);
  await replica.client.replicaof("NO", "ONE");
  await until(async () => /aof_rewrite_in_progress:0/.test(await replica.client.info("persistence")));
  return keptUntilMs;
}

/** From now on the shard is another server, and nobody reaches the one of before. */
export function takeOver(shard: FaultyShard, by: RedisServer, { others }: Scene): void {
  others.push(shard.server);
  shard.server = by;
  shard.proxy.leadTo(by.port);
}

/** @throws Error when something does not become true in time. */
export async function until(is: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await sleep(20)) if (await is()) return;
  throw new Error("a fault could not be brought about");
}

async function offsetOf({ client }: RedisServer, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:(\\d+)`, "m").exec(await client.info("replication"))?.[1]);
}
