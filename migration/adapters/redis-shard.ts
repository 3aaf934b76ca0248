import {
  ABSENT,
  KEYS_PER_DIGEST,
  type Added,
  type Bundle,
  type Digests,
  type FencingToken,
  type Inspection,
  type KeyCopy,
  type KeyState,
  type KeyWrite,
  type LockOf,
  type LockReply,
  type RemoveOutcome,
  type ScanPage,
  type ServerInfo,
  type ShardStore,
  type WriteOutcome,
} from "../engines/shard-store";
import { BOOKKEEPING_PREFIX, literally } from "./key-names";
import { LUA } from "./lua-scripts";
import { packKeys } from "./packed-keys";
import { RedisClient, type RedisEndpoint } from "./redis-client";

const LOCK = `${BOOKKEEPING_PREFIX}lock`;
/** A lock, and whose it was last. */
const LOCK_KEYS: Readonly<Record<LockOf, readonly string[]>> = {
  run: [LOCK, `${BOOKKEEPING_PREFIX}last-locked-by`],
  source: [`${BOOKKEEPING_PREFIX}source-lock`, `${BOOKKEEPING_PREFIX}source-last-locked-by`],
};

/** The sweet spot of keys per SCAN call: more adds nothing and lifts the latency that others see. */
const SCAN_COUNT = "250";
/** A script stops after this many bytes and is called again: about a millisecond of a server, see docs/performance.md. */
const SCRIPT_BYTES = String(160 * 1024);

/** Before the expiry of what is not a string, between the scripts and here. */
const DUMP_MARK = "d";

const WRITE_OUTCOMES: readonly WriteOutcome[] = ["changed", "written", "expired"];
const REMOVE_OUTCOMES: readonly RemoveOutcome[] = ["changed", "removed", "gone"];

/** A shard behind ioredis. Every value is a Buffer: reading a dump as a string corrupts it. */
export class RedisShard implements ShardStore {
  readonly name: string;
  /** Where the operator knows it to be. */
  readonly url: string;
  readonly db: number;
  private readonly client: RedisClient;
  private readonly pattern: string;

  /**
   * @param keyPrefix - keys of the backend, as configured; taken literally.
   * @param patient - whether to ride out a restart of the server (migrations do, previews do not).
   */
  constructor(endpoint: RedisEndpoint, keyPrefix: string, patient = true) {
    this.name = endpoint.name;
    this.url = endpoint.url;
    this.db = endpoint.db;
    this.client = new RedisClient(endpoint, patient);
    this.pattern = `${literally(keyPrefix)}*`;
  }

  async info(): Promise<ServerInfo> {
    const fields = await this.client.info("everything");
    const number = (name: string) => Number(fields.get(name) ?? 0);
    return {
      runId: fields.get("run_id") ?? "",
      version: fields.get("redis_version") ?? "",
      role: fields.get("role") ?? "",
      usedBytes: number("used_memory"),
      maxMemoryBytes: number("maxmemory"),
      maxMemoryPolicy: fields.get("maxmemory_policy") ?? "",
      keys: Number(await this.client.call("DBSIZE")),
    };
  }

  runId(): Promise<string> {
    return this.client.runId();
  }

  async scan(cursor: string, all = false): Promise<ScanPage> {
    const match = all ? [] : ["MATCH", this.pattern];
    const [next, keys] = (await this.client.call("SCAN", cursor, ...match, "COUNT", SCAN_COUNT)) as [Buffer, Buffer[]];
    // An empty or short prefix matches the bookkeeping as well.
    return { cursor: next.toString(), keys: keys.filter((key) => !isBookkeeping(key)) };
  }

  async inspect(keys: readonly Buffer[]): Promise<Inspection> {
    const states: KeyState[] = [];
    let nowMs: number;
    do {
      const reply = (await this.client.script(LUA.inspect, keys.slice(states.length), [SCRIPT_BYTES])) as Buffer[];
      nowMs = Number(reply[0]);
      for (let i = 1; i < reply.length; i += 2) states.push(stateAt(reply, i));
    } while (states.length < keys.length);
    return { nowMs, states };
  }

  async existing(keys: readonly Buffer[]): Promise<number> {
    return Number(await this.client.call("EXISTS", ...keys));
  }

  async digests(keys: readonly Buffer[]): Promise<Digests> {
    const args = [packKeys(keys), SCRIPT_BYTES, String(KEYS_PER_DIGEST)];
    const [count, ...digests] = await this.client.script(LUA.digests, [], args);
    return { keys: Number(count), digests: digests.map(String) };
  }

  async bundle(keys: readonly Buffer[], bigValueBytes: number): Promise<Bundle> {
    const args = [packKeys(keys), SCRIPT_BYTES, String(bigValueBytes)];
    const [count, content] = await this.client.script(LUA.bundle, [], args);
    return { keys: Number(count), content: content as Buffer };
  }

  async add(token: FencingToken, { content }: Bundle): Promise<Added> {
    const [written, expired, ...present] = await this.client.script(LUA.add, [LOCK], [token, content]);
    return { written: Number(written), expired: Number(expired), present: present as Buffer[] };
  }

  async read(keys: readonly Buffer[], bigValueBytes: number): Promise<readonly (KeyCopy | undefined)[]> {
    const reply = (await this.client.script(LUA.read, keys, [SCRIPT_BYTES, String(bigValueBytes)])) as Buffer[];
    return Array.from({ length: reply.length / 3 }, (_, i) => {
      const [fingerprint, expiry, value] = [String(reply[3 * i]), String(reply[3 * i + 1]), reply[3 * i + 2] as Buffer];
      if (fingerprint === ABSENT.fingerprint) return undefined;
      const isDump = expiry.startsWith(DUMP_MARK);
      return { fingerprint, expiresAtMs: Number(isDump ? expiry.slice(DUMP_MARK.length) : expiry), value, isDump };
    });
  }

  async memoryUsage(keys: readonly Buffer[]): Promise<readonly number[]> {
    return (await this.client.script(LUA.memory, keys, [])).map(Number);
  }

  async write(token: FencingToken, writes: readonly KeyWrite[]): Promise<readonly WriteOutcome[]> {
    const keys = [LOCK, ...writes.map(({ key }) => key)];
    const args = writes.flatMap(({ expected, expiresAtMs, value, isDump }) => [
      ...seen(expected),
      `${isDump ? DUMP_MARK : ""}${expiresAtMs}`,
      value,
    ]);
    const reply = await this.client.script(LUA.write, keys, [token, ...args]);
    return reply.map((code) => outcome(WRITE_OUTCOMES, code));
  }

  async remove(token: FencingToken, keys: readonly Buffer[], expected: readonly KeyState[]) {
    const outcomes: RemoveOutcome[] = [];
    while (outcomes.length < keys.length) {
      const done = outcomes.length;
      const args = [token, SCRIPT_BYTES, ...expected.slice(done).flatMap(seen)];
      const reply = await this.client.script(LUA.remove, [LOCK, ...keys.slice(done)], args);
      outcomes.push(...reply.map((code) => outcome(REMOVE_OUTCOMES, code)));
    }
    return outcomes;
  }

  async readRecord(name: string): Promise<string | undefined> {
    const value = (await this.client.call("GET", BOOKKEEPING_PREFIX + name)) as Buffer | null;
    return value?.toString();
  }

  async writeRecord(token: FencingToken, name: string, value: string | undefined): Promise<void> {
    await this.client.script(
      LUA.put,
      [LOCK, BOOKKEEPING_PREFIX + name],
      value === undefined ? [token] : [token, value],
    );
  }

  lock(token: FencingToken, holder: string, forMs: number, of: LockOf = "run"): Promise<LockReply> {
    return this.askForLock(LOCK_KEYS[of], [token, holder, String(forMs), "take"]);
  }

  renew(token: FencingToken, holder: string, forMs: number, of: LockOf = "run"): Promise<LockReply> {
    return this.askForLock(LOCK_KEYS[of], [token, holder, String(forMs), "renew"]);
  }

  async unlock(token: FencingToken, of: LockOf = "run"): Promise<void> {
    await this.client.script(LUA.unlock, LOCK_KEYS[of], [token]);
  }

  close(): void {
    this.client.close();
  }

  private async askForLock(keys: readonly string[], args: readonly string[]): Promise<LockReply> {
    const reply = await this.client.script(LUA.lock, keys, args);
    if (reply.length === 0) return { taken: true } as const;
    return { taken: false, holder: String(reply[0]), leftMs: Number(reply[1]) } as const;
  }
}

/** Every key of every scan is asked: its first byte tells nearly all of them. */
const isBookkeeping = (key: Buffer): boolean =>
  key[0] === BOOKKEEPING_PREFIX.charCodeAt(0) && key.toString("latin1").startsWith(BOOKKEEPING_PREFIX);

const seen = ({ fingerprint, expiresAtMs }: KeyState): string[] => [fingerprint, String(expiresAtMs)];

function stateAt(reply: readonly Buffer[], at: number): KeyState {
  return { fingerprint: String(reply[at]), expiresAtMs: Number(reply[at + 1]) };
}

function outcome<T>(outcomes: readonly T[], code: unknown): T {
  const found = outcomes[Number(code)];
  if (found === undefined) throw new Error(`unexpected reply of a script: ${String(code)}`);
  return found;
}
