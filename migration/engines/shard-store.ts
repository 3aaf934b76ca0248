/** What the engines need of one Redis shard. The adapter implements it with ioredis; every write is fenced. */
import type { RunningProcess } from "../contract/shard-process";

/** A key as one shard holds it. */
export interface KeyState {
  /** Equal for equal values of one type, on any server; empty when the key does not exist. */
  readonly fingerprint: string;
  /** Absolute expiry in Unix ms; -1 for none, -2 when the key does not exist. */
  readonly expiresAtMs: number;
}

/** The state of a key that does not exist. */
export const ABSENT: KeyState = { fingerprint: "", expiresAtMs: -2 };

/** A key's value and expiry. */
export interface KeyCopy {
  /** Absolute expiry in Unix ms; -1 for none. A number here has fewer digits than the latest expiries, hence a text. */
  readonly expiresAt: string;
  /** A string as it is, which every version of Redis takes; anything else serialized (`DUMP`). */
  readonly value: Buffer;
  readonly isDump: boolean;
}

/** How large a value is. */
export interface KeySize {
  /** What it takes in memory; 0 where the key does not exist. */
  readonly bytes: number;
  /** As TYPE answers. */
  readonly type: string;
  /** Fields of a hash, entries of a list or stream, and so on; 1 for a string and for small values. */
  readonly members: number;
}

/** States of a batch of keys, in the order asked for. */
export interface Inspection {
  /** The server's own clock, Unix ms. */
  readonly nowMs: number;
  readonly states: readonly KeyState[];
}

/** What a batch of keys comes to, without telling its keys apart. */
export interface Digests {
  /** Of how many of the first keys; at least one. */
  readonly keys: number;
  /**
   * One per {@link KEYS_PER_DIGEST} of them: equal for equal values and expiries, on any server. Empty where that would
   * take too long to tell: then the keys have to be inspected.
   */
  readonly digests: readonly string[];
}

/** Few enough that one key that differs does not put many under suspicion. */
export const KEYS_PER_DIGEST = 16;

/** Copies of keys, as one shard hands them over for another. */
export interface Bundle {
  /** Of how many of the first keys; at least one. */
  readonly keys: number;
  /** For `add`, and for nobody else to read. */
  readonly content: Buffer;
  /** Those of the keys that are not in it, because they have to be read one by one. */
  readonly apart: readonly Buffer[];
}

/** What became of a bundle. */
export interface Added {
  readonly written: number;
  /** Whose time had passed. */
  readonly expired: number;
  /** Keys that existed, and are as they were. */
  readonly present: readonly Buffer[];
}

/** One key to write, unless the shard no longer holds what was seen there: value and expiry. */
export interface KeyWrite extends KeyCopy {
  readonly key: Buffer;
  readonly expected: KeyState;
}

/** `changed`: the key is no longer what was seen before, nothing was done. `expired`: its time has passed. */
export type WriteOutcome = "written" | "changed" | "expired";

/** `gone`: it no longer exists. `changed`: it is no longer what was seen (value or expiry), and stays. */
export type RemoveOutcome = "removed" | "changed" | "gone";

/** Facts of a server. */
export interface ServerInfo {
  /** Changes with every start of the server process; a SCAN cursor means nothing to another process. */
  readonly runId: string;
  readonly version: string;
  /** `standalone`, `cluster` or `sentinel`; empty where the server does not say. */
  readonly mode: string;
  readonly role: string;
  readonly usedBytes: number;
  /** 0 = no limit. */
  readonly maxMemoryBytes: number;
  readonly maxMemoryPolicy: string;
  readonly keys: number;
}

/** A command that a server refuses. */
export interface FailedCommand {
  /** In capitals: `UNLINK`, `MEMORY USAGE`. */
  readonly command: string;
  readonly reply: string;
}

/** A connection to a server. */
export interface ShardClient {
  /** Where it comes from, without the port; the path of a Unix socket begins with a slash. */
  readonly address: string;
  /** The command that it sent last. */
  readonly command: string;
  /** Whether it is one of this program's. */
  readonly isEngine: boolean;
}

/** One page of a scan. */
export interface ScanPage {
  /** `"0"` when the scan is complete. */
  readonly cursor: string;
  readonly keys: readonly Buffer[];
}

/** Proof of the right to write: the id of the run that holds the lock of a shard. */
export type FencingToken = string;

/** One Redis shard. Every method throws a ShardUnreachableError or a ShardRefusedError that names the shard. */
export interface ShardStore {
  readonly name: string;
  /** Facts of the server. */
  info(): Promise<ServerInfo>;
  /** The server process that answers now: never a remembered answer. */
  process(): Promise<RunningProcess>;
  /** Whether the server syncs every write to disk before it answers; undefined where it does not tell this client. */
  syncsEveryWrite(): Promise<boolean | undefined>;
  /** Who is connected to the server, replicas left out. */
  clients(): Promise<readonly ShardClient[]>;
  /** The id of the server process that the connection leads to now; asked anew after each reconnect. */
  runId(): Promise<string>;
  /** The server's clock, Unix ms. */
  timeMs(): Promise<number>;
  /** One page of the keys with the configured prefix (`all`: of every key but this product's own records). */
  scan(cursor: string, all?: boolean): Promise<ScanPage>;
  /**
   * States of keys, without their values. Large values are read in parts.
   * @param fieldsAfterMs - Unix ms: fields of a hash that expire before it do not count. States that are to be compared have
   *   to be taken with the same one. 0 by default.
   */
  inspect(keys: readonly Buffer[], fieldsAfterMs?: number): Promise<Inspection>;
  /** How many of the keys exist. */
  existing(keys: readonly Buffer[]): Promise<number>;
  /** Of the first of these keys, as many as one request should make a server read. */
  digests(keys: readonly Buffer[]): Promise<Digests>;
  /**
   * Copies of the first of these keys, as many as one answer should carry, for a shard that is to have none of them.
   * @param bigValueBytes - a value larger than this travels alone.
   */
  bundle(keys: readonly Buffer[], bigValueBytes: number): Promise<Bundle>;
  /** Writes those keys of a bundle that do not exist, in one script. */
  add(token: FencingToken, bundle: Bundle): Promise<Added>;
  /**
   * Copies of the first of these keys, as many as one answer should carry, at least one; undefined where the key does
   * not exist.
   * @param bigValueBytes - a value larger than this travels alone.
   */
  read(keys: readonly Buffer[], bigValueBytes: number): Promise<readonly (KeyCopy | undefined)[]>;
  /** How large the values of keys are. */
  sizes(keys: readonly Buffer[]): Promise<readonly KeySize[]>;
  /** Compare-and-write of a batch, in one script. */
  write(token: FencingToken, writes: readonly KeyWrite[]): Promise<readonly WriteOutcome[]>;
  /** Compare-and-delete of a batch, in one script. */
  remove(
    token: FencingToken,
    keys: readonly Buffer[],
    expected: readonly KeyState[],
  ): Promise<readonly RemoveOutcome[]>;
  /** Serializes a small value as this server does (`DUMP`). Nothing of it stays. */
  probeDump(token: FencingToken): Promise<Buffer>;
  /** Tries whether this server takes a serialized value. Nothing of it stays. @returns why not; undefined if it does. */
  tryRestore(token: FencingToken, dump: Buffer): Promise<string | undefined>;
  /** Tries every command of a migration on a key of its own; returns those that the server refuses. Leaves nothing. */
  tryCommands(token: FencingToken): Promise<readonly FailedCommand[]>;
  /** Sends a request of so many bytes, that does nothing; returns why the server does not take it, else undefined. */
  tryRequest(bytes: number): Promise<string | undefined>;
  /** Reads a record of this product, such as a checkpoint. */
  readRecord(name: string): Promise<string | undefined>;
  /** Writes a record; undefined deletes it. */
  writeRecord(token: FencingToken, name: string, value: string | undefined): Promise<void>;
  /** Takes a lock for a time or says who has it. */
  lock(token: FencingToken, holder: string, forMs: number, of?: LockOf): Promise<LockReply>;
  /** Extends the lock. One that ended is had back only if no other run had it meanwhile. */
  renew(token: FencingToken, holder: string, forMs: number, of?: LockOf): Promise<LockReply>;
  /** Gives the lock back, if the token still holds it. */
  unlock(token: FencingToken, of?: LockOf): Promise<void>;
}

/** `run`: of all that a run does, and what a shard asks of every write. `source`: of whoever scans the shard. */
export type LockOf = "run" | "source";

/** `taken`: the caller has the lock. Otherwise its holder and how long its claim still lasts. */
export type LockReply =
  { readonly taken: true } | { readonly taken: false; readonly holder: string; readonly leftMs: number };
