/** A shard as the backend's claim rule sees it, on which claims are values of every type: which one the key decides. */
import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { CARD_KEY, CardCheck, type ExpectedCard } from "../lab/backend/card";
import type { Held, Shard } from "../lab/backend/shards";

export type ValueType = "string" | "hash" | "list" | "set" | "zset" | "stream";
/** Half of all claims are strings, as the backend's are. */
const TYPES: readonly ValueType[] = [
  "string",
  "string",
  "string",
  "string",
  "string",
  "hash",
  "list",
  "set",
  "zset",
  "stream",
];

/** @returns the type that a key's value has. */
export function typeOf(key: string): ValueType {
  const [byte = 0] = createHash("sha1").update(key).digest();
  return TYPES[byte % TYPES.length] as ValueType;
}

/** KEYS[1]; ARGV: what to do, the type, then what it is done with. Values are read whatever their type. */
const SCRIPT = `
local key, what, kind = KEYS[1], ARGV[1], ARGV[2]
-- The claim, and what else there is of it: all but strings have a second part.
local function read()
  local found = redis.call('TYPE', key).ok
  if found == 'none' then return false, '' end
  if found == 'string' then return redis.call('GET', key), '' end
  if found == 'hash' then return redis.call('HGET', key, 'v'), redis.call('HGET', key, 'more') end
  if found == 'list' then return redis.call('LINDEX', key, 0), redis.call('LINDEX', key, 1) end
  if found == 'zset' then return redis.call('ZRANGE', key, 0, 0)[1], redis.call('ZRANGE', key, 1, 1)[1] end
  if found == 'stream' then
    local entries = redis.call('XRANGE', key, '-', '+')
    return entries[1][2][2], entries[2] and entries[2][2][2]
  end
  local members = redis.call('SMEMBERS', key)
  if members[1] == 'more' then return members[2], members[1] end
  return members[1], members[2]
end
local function put(value, expiry)
  if kind == 'string' then redis.call('SET', key, value) end
  if kind == 'hash' then redis.call('HSET', key, 'v', value, 'more', 'more') end
  if kind == 'list' then redis.call('RPUSH', key, value, 'more') end
  if kind == 'set' then redis.call('SADD', key, value, 'more') end
  if kind == 'zset' then redis.call('ZADD', key, 1, value, 2, 'more') end
  if kind == 'stream' then redis.call('XADD', key, '1-1', 'v', value) redis.call('XADD', key, '1-2', 'v', 'more') end
  if expiry ~= '' then redis.call('PEXPIREAT', key, expiry) end
end
local held, more = read()
if what == 'get' then return { held, redis.call('PEXPIRETIME', key), more or 'nothing' } end
if what == 'set' then
  local now = redis.call('TIME')
  if ARGV[5] ~= '' and not (now[1] * 1000 + now[2] / 1000 <= tonumber(ARGV[5])) then
    return redis.error_reply('LATE the claim window is over')
  end
  if not held then put(ARGV[3], ARGV[4]) end
  return { held, -1, more }
end
local time = redis.call('TIME')
local later = ARGV[5] == '' or tonumber(ARGV[5]) > time[1] * 1000 + time[2] / 1000
if held == ARGV[3] and later then
  redis.call('DEL', key)
  put(ARGV[4], ARGV[5])
end
return { held, -1, more }
`;

type Answer = readonly [value: string | null, expiry: number, more: string];
/** With the script as a command: a server that has it already is told its hash only, as short as the backend's own commands. */
type Typed = Redis & { typed(key: string, what: string, ...args: (string | number)[]): Promise<Answer> };

export class TypedShard implements Shard {
  private readonly redis: Typed;
  private readonly card: CardCheck | undefined;

  /**
   * @param patient - waits for a connection; else a command is sent now or never, as by the reference backend.
   * @param card - what the shard must show; without it a shard is not asked.
   */
  constructor(url: string, commandTimeoutMs: number, patient = false, card?: ExpectedCard) {
    this.redis = new Redis(url, {
      protocol: 2,
      commandTimeout: commandTimeoutMs,
      connectTimeout: commandTimeoutMs,
      enableOfflineQueue: patient,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: patient ? 20 : 0,
      retryStrategy: (attempt) => this.card?.reconnectAfterMs ?? Math.min(20 * attempt, 200),
      scripts: { typed: { lua: SCRIPT, numberOfKeys: 1 } },
    }) as Typed;
    this.redis.on("error", () => undefined);
    this.card = card && new CardCheck(this.redis, card);
  }

  async setIfAbsent(key: string, { value, expiresAtMs }: Held, deadlineMs?: number): Promise<string | undefined> {
    return (await this.run(key, "set", value, expiresAtMs ?? "", deadlineMs ?? "")).value;
  }

  async timeMs(): Promise<number> {
    const [seconds, microseconds] = await this.send(() => this.redis.time());
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.run(key, "get")).value;
  }

  async getHeld(key: string): Promise<Held | undefined> {
    return this.look(key);
  }

  /** Also whether the key has all that a claim of its type consists of; in one command, because it may expire at any time. */
  async look(key: string): Promise<(Held & { readonly isWhole: boolean }) | undefined> {
    const { value, expiry, more } = await this.run(key, "get");
    if (value === undefined) return undefined;
    const isWhole = more === (typeOf(key) === "string" ? "" : "more");
    return { value, expiresAtMs: expiry < 0 ? undefined : expiry, isWhole };
  }

  async replace(key: string, value: string, by: Held): Promise<void> {
    await this.run(key, "replace", value, by.value, by.expiresAtMs ?? "");
  }

  close(): void {
    this.redis.disconnect();
  }

  private async run(key: string, what: string, ...args: (string | number)[]) {
    const [value, expiry, more] = await this.send(() => this.redis.typed(key, what, typeOf(key), ...args));
    return { value: value ?? undefined, expiry, more };
  }

  /** Sends a command, and behind it on the same connection the question for the card. */
  private async send<T>(command: () => Promise<T>): Promise<T> {
    const { card } = this;
    if (card === undefined) return command();
    card.requireShown();
    const [answer, shown] = await Promise.all([command(), this.redis.get(CARD_KEY)]);
    card.judge(shown);
    return answer;
  }
}
