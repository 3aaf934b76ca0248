/** One connection per shard, and the three commands that a claim needs. */
import type { ConnectionOptions } from "node:tls";
import { Redis } from "ioredis";

/** A value, and when it expires (ms since 1970; undefined: never). */
export interface Held {
  readonly value: string;
  readonly expiresAtMs: number | undefined;
}

export interface Shard {
  /** Sets the key unless it exists. Returns undefined when it was set, else the value that was there. */
  setIfAbsent(key: string, held: Held): Promise<string | undefined>;
  get(key: string): Promise<string | undefined>;
  /** Value and expiry of one moment. */
  getHeld(key: string): Promise<Held | undefined>;
  /** Puts another in the place of a value, if it is still there and the other has not expired. */
  replace(key: string, value: string, by: Held): Promise<void>;
}

const REPLACE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
if ARGV[3] == '' then return redis.call('SET', KEYS[1], ARGV[2]) end
local time = redis.call('TIME')
if tonumber(ARGV[3]) > time[1] * 1000 + time[2] / 1000 then redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3]) end`;

export class RedisShard implements Shard {
  private readonly redis: Redis;

  /** @param tls - for a `rediss://` URL. */
  constructor(url: string, commandTimeoutMs: number, password?: string, tls?: ConnectionOptions) {
    this.redis = new Redis(url, {
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined || !url.startsWith("rediss:") ? {} : { tls }),
      protocol: 2,
      commandTimeout: commandTimeoutMs,
      connectTimeout: commandTimeoutMs,
      // A command is sent now or never: one that waits for a connection, or that is sent again by the client, could
      // land after its claim has been answered.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(50 * attempt, 500),
    });
    // Reconnection is ioredis's job, and a failed command is reported by its caller. But where a step of the handshake
    // fails, ioredis would go on: after a failed SELECT in database 0 (https://github.com/redis/ioredis/issues/485).
    this.redis.on("error", () => {
      if (this.redis.status === "connect") this.redis.disconnect(true);
    });
  }

  get connected(): boolean {
    return this.redis.status === "ready";
  }

  async setIfAbsent(key: string, { value, expiresAtMs }: Held): Promise<string | undefined> {
    const expiry = expiresAtMs === undefined ? [] : ["PXAT", expiresAtMs];
    // The words are in the order of the Redis grammar; ioredis has no typed overload for NX with GET.
    const found = (await this.redis.call("SET", key, value, "NX", "GET", ...expiry)) as string | null;
    return found ?? undefined;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.redis.get(key)) ?? undefined;
  }

  async getHeld(key: string): Promise<Held | undefined> {
    const replies = await this.redis.multi().get(key).pexpiretime(key).exec();
    for (const [error] of replies ?? []) if (error !== null) throw error;
    const [value, expiry] = (replies ?? []).map(([, reply]) => reply);
    if (typeof value !== "string") return undefined;
    return { value, expiresAtMs: Number(expiry) < 0 ? undefined : Number(expiry) };
  }

  async replace(key: string, value: string, by: Held): Promise<void> {
    await this.redis.eval(REPLACE, 1, key, value, by.value, by.expiresAtMs ?? "");
  }

  close(): void {
    this.redis.disconnect();
  }
}
