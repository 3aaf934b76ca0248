import type { RunningProcess } from "../contract/shard-process";
import {
  ABSENT,
  KEYS_PER_DIGEST,
  type Added,
  type Bundle,
  type Digests,
  type FailedCommand,
  type FencingToken,
  type Inspection,
  type KeyCopy,
  type KeySize,
  type KeyState,
  type KeyWrite,
  type LockOf,
  type LockReply,
  type RemoveOutcome,
  type ScanPage,
  type ServerInfo,
  type ShardClient,
  type ShardStore,
  type WriteOutcome,
} from "../engines/shard-store";
import { BOOKKEEPING_PREFIX, literally } from "./key-names";
import { LUA } from "./lua-scripts";
import { parseClientList } from "./redis/client-list";
import { Replies } from "./replies";
import { packKeys } from "./packed-keys";
import { WatchedValues } from "./redis/watched-values";
import { RedisClient, type RedisEndpoint } from "./redis-client";
import { replicasIn, type Replica } from "./redis/replicas";
import { processIn, syncsEveryWrite } from "./redis/server-process";
import { tryCommands } from "./redis/try-commands";

const LOCK = `${BOOKKEEPING_PREFIX}lock`;
/** Where values are tried. */
const PROBE = `${BOOKKEEPING_PREFIX}probe`;
/** A lock, and whose it was last. */
const LOCK_KEYS: Readonly<Record<LockOf, readonly string[]>> = {
  run: [LOCK, `${BOOKKEEPING_PREFIX}last-locked-by`],
  source: [`${BOOKKEEPING_PREFIX}source-lock`, `${BOOKKEEPING_PREFIX}source-last-locked-by`],
};

/** The sweet spot of keys per SCAN call: more adds nothing and lifts the latency that others see. */
const SCAN_COUNT = "250";
/** A script stops after this many bytes and is called again: about a millisecond (docs/evidence/performance.md). */
const SCRIPT_BYTES = String(160 * 1024);

/** Before the expiry of what is not a string, between the scripts and here. */
const DUMP_MARK = "d";
/** What stands for the fingerprint, and for the outcome, of a value that is too large for one script. */
const LARGE = "?";
const TOO_LARGE = "too large";

const WRITE_OUTCOMES: readonly (WriteOutcome | typeof TOO_LARGE)[] = ["changed", "written", "expired", TOO_LARGE];
const REMOVE_OUTCOMES: readonly (RemoveOutcome | typeof TOO_LARGE)[] = ["changed", "removed", "gone", TOO_LARGE];

/** A shard behind ioredis. Every value is a Buffer: reading a dump as a string corrupts it. */
export class RedisShard implements ShardStore {
  readonly name: string;
  /** Where the operator knows it to be. */
  readonly url: string;
  private readonly client: RedisClient;
  private readonly replies: Replies;
  private readonly watched: WatchedValues;
  private readonly pattern: string;

  /**
   * @param keyPrefix - keys of the backend, as configured; taken literally.
   * @param patient - whether to ride out a restart of the server (migrations do, previews do not).
   */
  constructor(
    private readonly endpoint: RedisEndpoint,
    private readonly keyPrefix: string,
    patient = true,
  ) {
    this.name = endpoint.name;
    this.url = endpoint.url;
    this.client = new RedisClient(endpoint, patient);
    this.replies = new Replies(endpoint.name, endpoint.url);
    this.watched = new WatchedValues(endpoint, this.replies, patient);
    this.pattern = `${literally(keyPrefix)}*`;
  }

  async info(): Promise<ServerInfo> {
    const fields = await this.client.info("everything");
    const number = (name: string) => this.replies.number(Buffer.from(fields.get(name) ?? "0"));
    return {
      runId: this.known(fields.get("run_id")),
      version: fields.get("redis_version") ?? "",
      mode: fields.get("redis_mode") ?? fields.get("server_mode") ?? "",
      role: fields.get("role") ?? "",
      usedBytes: number("used_memory"),
      maxMemoryBytes: number("maxmemory"),
      maxMemoryPolicy: fields.get("maxmemory_policy") ?? "",
      keys: this.replies.number(await this.client.call("DBSIZE")),
    };
  }

  /** The replicas that are connected to the shard. */
  async replicas(): Promise<readonly Replica[]> {
    return replicasIn(await this.client.info("replication"), this.replies);
  }

  async clients(): Promise<readonly ShardClient[]> {
    return parseClientList(this.replies.text(await this.client.clientList()));
  }

  async timeMs(): Promise<number> {
    const [seconds, microseconds] = this.replies.list(await this.client.call("TIME"), { length: 2 });
    return this.replies.number(seconds) * 1_000 + Math.trunc(this.replies.number(microseconds) / 1_000);
  }

  async process(): Promise<RunningProcess> {
    const fields = await this.client.info("everything");
    return processIn(fields, this.known(fields.get("run_id")));
  }

  syncsEveryWrite(): Promise<boolean | undefined> {
    return syncsEveryWrite(this.client, this.replies);
  }

  async runId(): Promise<string> {
    return this.known(await this.client.runId());
  }

  /** The number of the database that the connection is in, as the server says. */
  async database(): Promise<number> {
    return (await this.client.established()).db;
  }

  /** Whether the server asks for no password although one was given. */
  async ignoresPassword(): Promise<boolean> {
    return (await this.client.established()).passwordIgnored;
  }

  async scan(cursor: string, all = false): Promise<ScanPage> {
    const match = all ? [] : ["MATCH", this.pattern];
    const page = this.replies.list(await this.client.call("SCAN", cursor, ...match, "COUNT", SCAN_COUNT), {
      length: 2,
    });
    const keys = this.replies.list(page[1]).map((key) => this.replies.buffer(key));
    // An empty or short prefix matches the bookkeeping as well.
    return { cursor: this.replies.text(page[0]), keys: keys.filter((key) => !isBookkeeping(key)) };
  }

  async inspect(keys: readonly Buffer[], fieldsAfterMs = 0): Promise<Inspection> {
    const states: KeyState[] = [];
    const args = [SCRIPT_BYTES, String(fieldsAfterMs)];
    let nowMs: number;
    do {
      const rest = keys.slice(states.length);
      const [clock, ...found] = this.replies.list(await this.client.script(LUA.inspect, rest, args));
      nowMs = this.replies.number(clock);
      const looked = this.replies.list(found, { multipleOf: 2 }).length / 2;
      if (rest.length > 0) this.replies.progress(looked, rest.length);
      for (let i = 0; i < found.length; i += 2) states.push(this.stateAt(found, i));
    } while (states.length < keys.length);
    for (const [i, key] of keys.entries()) {
      if (states[i]?.fingerprint === LARGE) states[i] = await this.watched.state(key, fieldsAfterMs);
    }
    return { nowMs, states };
  }

  async existing(keys: readonly Buffer[]): Promise<number> {
    return this.replies.number(await this.client.call("EXISTS", ...keys));
  }

  async digests(keys: readonly Buffer[]): Promise<Digests> {
    const args = [packKeys(keys), SCRIPT_BYTES, String(KEYS_PER_DIGEST)];
    const [count, ...digests] = this.replies.list(await this.client.script(LUA.digests, [], args));
    const done = this.replies.progress(count, keys.length);
    return {
      keys: done,
      digests: this.replies
        .list(digests, { length: Math.ceil(done / KEYS_PER_DIGEST) })
        .map((digest) => this.replies.text(digest)),
    };
  }

  async bundle(keys: readonly Buffer[], bigValueBytes: number): Promise<Bundle> {
    const args = [packKeys(keys), SCRIPT_BYTES, String(bigValueBytes)];
    const [count, content, ...apart] = this.replies.list(await this.client.script(LUA.bundle, [], args));
    return {
      keys: this.replies.progress(count, keys.length),
      content: this.replies.buffer(content),
      apart: apart.map((key) => this.replies.buffer(key)),
    };
  }

  async add(token: FencingToken, { content }: Bundle): Promise<Added> {
    const [written, expired, ...present] = this.replies.list(
      await this.client.script(LUA.add, [LOCK], [this.mine(token), content]),
    );
    return {
      written: this.replies.number(written),
      expired: this.replies.number(expired),
      present: present.map((key) => this.replies.buffer(key)),
    };
  }

  async read(keys: readonly Buffer[], bigValueBytes: number): Promise<readonly (KeyCopy | undefined)[]> {
    const args = [SCRIPT_BYTES, String(bigValueBytes)];
    const reply = this.replies.list(await this.client.script(LUA.read, keys, args), { multipleOf: 2 });
    const copies: (KeyCopy | undefined)[] = [];
    const read = this.replies.progress(reply.length / 2, keys.length);
    for (const [i, key] of keys.slice(0, read).entries()) {
      const [text, value] = [this.replies.text(reply[2 * i]), this.replies.buffer(reply[2 * i + 1])];
      const isDump = text.startsWith(DUMP_MARK);
      const expiresAt = await this.exactExpiry(key, isDump ? text.slice(DUMP_MARK.length) : text);
      copies.push(Number(expiresAt) === ABSENT.expiresAtMs ? undefined : { expiresAt, value, isDump });
    }
    return copies;
  }

  async sizes(keys: readonly Buffer[]): Promise<readonly KeySize[]> {
    const reply = this.replies.list(await this.client.script(LUA.memory, keys, []), { length: 3 * keys.length });
    return keys.map((_, i) => ({
      bytes: this.replies.number(reply[3 * i]),
      type: this.replies.text(reply[3 * i + 1]),
      members: this.replies.number(reply[3 * i + 2]),
    }));
  }

  async write(token: FencingToken, writes: readonly KeyWrite[]): Promise<readonly WriteOutcome[]> {
    const keys = [LOCK, ...writes.map(({ key }) => key)];
    const args = writes.flatMap(writeArgs);
    const reply = this.replies.list(await this.client.script(LUA.write, keys, [this.mine(token), ...args]), {
      length: writes.length,
    });
    const outcomes = reply.map((code) => this.outcome(WRITE_OUTCOMES, code));
    return settleEach(outcomes, (i) => this.writeLarge(token, writes[i] as KeyWrite));
  }

  async remove(token: FencingToken, keys: readonly Buffer[], expected: readonly KeyState[]) {
    const outcomes: (RemoveOutcome | typeof TOO_LARGE)[] = [];
    while (outcomes.length < keys.length) {
      const done = outcomes.length;
      const args = [this.mine(token), SCRIPT_BYTES, ...expected.slice(done).flatMap(seen)];
      const reply = this.replies.list(await this.client.script(LUA.remove, [LOCK, ...keys.slice(done)], args));
      this.replies.progress(reply.length, keys.length - done);
      outcomes.push(...reply.map((code) => this.outcome(REMOVE_OUTCOMES, code)));
    }
    return settleEach(outcomes, (i) => this.removeLarge(token, keys[i] as Buffer, expected[i] ?? ABSENT));
  }

  async probeDump(token: FencingToken): Promise<Buffer> {
    return this.replies.buffer(await this.client.script(LUA.probeDump, [LOCK, PROBE], [this.mine(token)]));
  }

  async tryRestore(token: FencingToken, dump: Buffer): Promise<string | undefined> {
    const reply = await this.client.script(LUA.probeRestore, [LOCK, PROBE], [this.mine(token), dump]);
    return this.replies.text(reply) || undefined;
  }

  tryCommands(token: FencingToken): Promise<readonly FailedCommand[]> {
    const { client, replies, keyPrefix } = this;
    const alone = () => new RedisClient(this.endpoint, false, { once: true });
    return tryCommands({ client, alone, replies, keyPrefix, lock: [LOCK, this.mine(token)] });
  }

  tryRequest(bytes: number): Promise<string | undefined> {
    return this.client.lossOf(["EVAL", "return redis.status_reply('OK')", "0", "x".repeat(bytes)]);
  }

  async readRecord(name: string): Promise<string | undefined> {
    const value = await this.client.call("GET", BOOKKEEPING_PREFIX + name);
    return value === null ? undefined : this.replies.text(value);
  }

  async writeRecord(token: FencingToken, name: string, value: string | undefined): Promise<void> {
    await this.client.script(
      LUA.put,
      [LOCK, BOOKKEEPING_PREFIX + name],
      value === undefined ? [this.mine(token)] : [this.mine(token), value],
    );
  }

  lock(token: FencingToken, holder: string, forMs: number, of: LockOf = "run"): Promise<LockReply> {
    return this.askForLock(LOCK_KEYS[of], [this.mine(token), holder, String(forMs), "take"]);
  }

  renew(token: FencingToken, holder: string, forMs: number, of: LockOf = "run"): Promise<LockReply> {
    return this.askForLock(LOCK_KEYS[of], [this.mine(token), holder, String(forMs), "renew"]);
  }

  async unlock(token: FencingToken, of: LockOf = "run"): Promise<void> {
    await this.client.script(LUA.unlock, LOCK_KEYS[of], [this.mine(token)]);
  }

  close(): void {
    this.client.close();
    this.watched.close();
  }

  /**
   * The token as it stands in this shard's lock: of another shard, to which a name may lead after its address was given
   * away, the same run's lock is not this one. (The name first: no name with that behind it begins another one.)
   */
  private mine(token: FencingToken): string {
    return `${encodeURIComponent(this.name)}@${token}`;
  }

  private async writeLarge(token: FencingToken, write: KeyWrite): Promise<WriteOutcome> {
    const args = [this.mine(token), ...writeArgs(write)];
    const call = { script: LUA.writeWatched, keys: [LOCK, write.key], args };
    const reply = await this.watched.runIfStill(write.key, write.expected, call);
    return Array.isArray(reply) ? settled(this.outcome(WRITE_OUTCOMES, reply[0])) : "changed";
  }

  private async removeLarge(token: FencingToken, key: Buffer, expected: KeyState): Promise<RemoveOutcome> {
    const call = {
      script: LUA.removeWatched,
      keys: [LOCK, key],
      args: [this.mine(token), SCRIPT_BYTES, ...seen(expected)],
    };
    const reply = await this.watched.runIfStill(key, expected, call);
    if (Array.isArray(reply)) return settled(this.outcome(REMOVE_OUTCOMES, reply[0]));
    return reply === "gone" ? "gone" : "changed";
  }

  /** A script's numbers are doubles: an expiry with more digits than those have has to be read once more, by itself. */
  private async exactExpiry(key: Buffer, text: string): Promise<string> {
    if (Number.isSafeInteger(Number(text))) return text;
    const exact = await this.watched.exactExpiry(key);
    // Another one belongs to another value: this key is left to the next comparison.
    return Number(exact) === Number(text) ? exact : String(ABSENT.expiresAtMs);
  }

  /** Without it nobody could tell a server from another one, or from itself before a restart. */
  private known(runId: string | undefined): string {
    return runId ? runId : this.replies.refuse("INFO without a run_id", "that of a Redis server");
  }

  private stateAt(reply: readonly unknown[], at: number): KeyState {
    return { fingerprint: this.replies.text(reply[at]), expiresAtMs: this.replies.expiry(reply[at + 1]) };
  }

  private outcome<T>(outcomes: readonly T[], code: unknown): T {
    return outcomes[this.replies.number(code)] ?? this.replies.refuse(code, `a number below ${outcomes.length}`);
  }

  private async askForLock(keys: readonly string[], args: readonly string[]): Promise<LockReply> {
    const reply = this.replies.list(await this.client.script(LUA.lock, keys, args));
    if (reply.length === 0) return { taken: true } as const;
    const [holder, left] = this.replies.list(reply, { length: 2 });
    return { taken: false, holder: this.replies.text(holder), leftMs: this.replies.number(left) } as const;
  }
}

/** Every key of every scan is asked: its first byte tells nearly all of them. */
const isBookkeeping = (key: Buffer): boolean =>
  key[0] === BOOKKEEPING_PREFIX.charCodeAt(0) && key.toString("latin1").startsWith(BOOKKEEPING_PREFIX);

const seen = ({ fingerprint, expiresAtMs }: KeyState): string[] => [fingerprint, String(expiresAtMs)];

const writeArgs = ({ expected, expiresAt, value, isDump }: KeyWrite): (string | Buffer)[] => [
  ...seen(expected),
  `${isDump ? DUMP_MARK : ""}${expiresAt}`,
  value,
];

/** A script that compares nothing says of no value that it is too large to be compared. */
const settled = <T extends string>(outcome: T) => outcome as Settled<T>;

/** @returns what came of each key; those that a script could not compare, one after the other, in another way. */
async function settleEach<T extends string>(outcomes: readonly T[], large: (index: number) => Promise<Settled<T>>) {
  const all: Settled<T>[] = [];
  for (const [i, outcome] of outcomes.entries()) all.push(isSettled(outcome) ? outcome : await large(i));
  return all;
}

type Settled<T> = Exclude<T, typeof TOO_LARGE>;
const isSettled = <T extends string>(outcome: T): outcome is Settled<T> => outcome !== TOO_LARGE;
