/** One connection per shard, and the commands that a claim needs. */
import type { ConnectionOptions } from "node:tls";
import { Redis, type ChainableCommander } from "ioredis";
import { CardCheck, type ExpectedCard } from "./card";
import { LateWriteError } from "./retryable";
import { LATER_WRITE, REPLACE } from "./scripts";

/** A value, and when it expires (ms since 1970; undefined: never). */
export interface Held {
  readonly value: string;
  readonly expiresAtMs: number | undefined;
}

export interface Shard {
  /**
   * Sets the key unless it exists. Returns undefined when it was set, else the value that was there.
   *
   * @param deadlineMs - by the shard's clock; a write that lands later throws a LateWriteError and does nothing.
   */
  setIfAbsent(key: string, held: Held, deadlineMs?: number): Promise<string | undefined>;
  get(key: string): Promise<string | undefined>;
  /** Value and expiry of one moment. */
  getHeld(key: string): Promise<Held | undefined>;
  /** Puts another in the place of a value, if it is still there and the other has not expired. */
  replace(key: string, value: string, by: Held): Promise<void>;
  /** The shard's clock, in ms since 1970. */
  timeMs(): Promise<number>;
}

export class RedisShard implements Shard {
  private readonly redis: Redis;
  private readonly card: CardCheck | undefined;

  /**
   * @param tls - for a `rediss://` URL.
   * @param card - what the shard must show; without it a shard is not asked.
   */
  constructor(url: string, commandTimeoutMs: number, password?: string, tls?: ConnectionOptions, card?: ExpectedCard) {
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
      retryStrategy: (attempt) => this.card?.reconnectAfterMs ?? Math.min(50 * attempt, 500),
    });
    // Reconnection is ioredis's job, and a failed command is reported by its caller. But where a step of the handshake
    // fails, ioredis would go on: after a failed SELECT in database 0 (https://github.com/redis/ioredis/issues/485).
    this.redis.on("error", () => {
      if (this.redis.status === "connect") this.redis.disconnect(true);
    });
    this.card = card && new CardCheck(this.redis, card);
  }

  /** Whether commands can be sent: the shard is reached, and has shown its card where it is asked for one. */
  get connected(): boolean {
    return this.redis.status === "ready" && (this.card?.hasShown ?? true);
  }

  /** Why nothing is sent to the server that was reached: its card. Undefined when nothing is wrong with that. */
  get refusal(): string | undefined {
    return this.card?.refusal;
  }

  async setIfAbsent(key: string, { value, expiresAtMs }: Held, deadlineMs?: number): Promise<string | undefined> {
    const expiry = expiresAtMs === undefined ? [] : ["PXAT", expiresAtMs];
    const commands = this.redis.pipeline();
    // The words are in the order of the Redis grammar; ioredis has no typed overload for NX with GET.
    if (deadlineMs === undefined) commands.call("SET", key, value, "NX", "GET", ...expiry);
    else commands.eval(LATER_WRITE, 1, key, deadlineMs, value, expiresAtMs ?? "");
    const [found] = await this.send(commands);
    return (found as string | null) ?? undefined;
  }

  async get(key: string): Promise<string | undefined> {
    const [value] = await this.send(this.redis.pipeline().get(key));
    return (value as string | null) ?? undefined;
  }

  async getHeld(key: string): Promise<Held | undefined> {
    const [value, expiry] = await this.send(this.redis.multi().get(key).pexpiretime(key));
    if (typeof value !== "string") return undefined;
    return { value, expiresAtMs: Number(expiry) < 0 ? undefined : Number(expiry) };
  }

  async replace(key: string, value: string, by: Held): Promise<void> {
    await this.send(this.redis.pipeline().eval(REPLACE, 1, key, value, by.value, by.expiresAtMs ?? ""));
  }

  async timeMs(): Promise<number> {
    const [time] = await this.send(this.redis.pipeline().time());
    const [seconds, microseconds] = time as readonly [string, string];
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  }

  close(): void {
    this.redis.disconnect();
  }

  /** Sends commands in one write. Returns their answers; one that is an error is thrown. */
  private async send(commands: ChainableCommander): Promise<unknown[]> {
    this.card?.requireShown();
    const replies = await (this.card?.behind(commands) ?? commands).exec();
    // No answer must not be taken for nil, which says that a value was stored.
    if (!replies?.length) throw new Error("the shard answered nothing");
    for (const [cause] of replies) {
      if (cause?.message.startsWith("LATE ")) throw new LateWriteError({ cause });
      if (cause !== null) throw cause;
    }
    const answers = replies.map(([, answer]) => answer);
    this.card?.judge(answers.pop());
    return answers;
  }
}
