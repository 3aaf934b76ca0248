/**
 * Values that take too long to be compared in one script. They are read in parts of about a millisecond over a connection of
 * their own that WATCHes the key: a transaction then ends without effect if the key has changed since its first part was
 * read. That connection never reconnects, because a WATCH is lost with its connection.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ShardUnreachableError } from "../../engines/errors";
import { ABSENT, type KeyState } from "../../engines/shard-store";
import { LUA, type LuaScript } from "../lua-scripts";
import { RedisClient, type RedisEndpoint } from "../redis-client";
import type { Replies } from "../replies";
import { addParts, fieldsAfterOf, fingerprintOf, NO_PARTS } from "./value-sum";

/** How many bytes of members a part reads, about. */
const PART_BYTES = 128 * 1024;
const MOST_MEMBERS = 500;
/** So few are surely not too many while it is unknown how large a member is. */
const FIRST_MEMBERS = 10;
/** A value that changes while it is read is read again this often, and is then left to the next look. */
const ATTEMPTS = 3;
/** A shard that restarts is back after about twenty seconds. */
const RECONNECTS = 20;
const RECONNECT_AFTER_MS = 1_000;

/** A script that changes the key, and what it is called with. */
export interface ScriptCall {
  readonly script: LuaScript;
  readonly keys: readonly (string | Buffer)[];
  readonly args: readonly (string | Buffer)[];
}

/** The large values of one shard. They take turns, since a connection has one WATCH for all. */
export class WatchedValues {
  private client: RedisClient | undefined;
  private last: Promise<unknown> = Promise.resolve();

  /** @param patient - whether to ride out a restart of the server. */
  constructor(
    private readonly endpoint: RedisEndpoint,
    private readonly replies: Replies,
    private readonly patient: boolean,
  ) {}

  /**
   * @param fieldsAfterMs - Unix ms; fields of a hash that expire before it do not count.
   * @returns what the key held at one moment; where it changes under every attempt, a state that equals no other.
   */
  state(key: Buffer, fieldsAfterMs: number): Promise<KeyState> {
    return this.inTurn(async (client) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const state = await this.watch(client, key, fieldsAfterMs);
        if ((await this.transaction(client, "PEXPIRETIME", key)) !== undefined) return state;
      }
      return { fingerprint: `changing:${randomUUID()}`, expiresAtMs: -1 };
    });
  }

  /**
   * Runs a script on a key if that still holds what was seen.
   *
   * @returns the script's reply, or `gone` when the key does not exist, or `changed` when it holds something else.
   */
  runIfStill(key: Buffer, seen: KeyState, { script, keys, args }: ScriptCall): Promise<unknown> {
    return this.inTurn(async (client) => {
      const found = await this.watch(client, key, fieldsAfterOf(seen.fingerprint));
      if (found.fingerprint !== seen.fingerprint || found.expiresAtMs !== seen.expiresAtMs) {
        await this.transaction(client, "PEXPIRETIME", key);
        return found.fingerprint === ABSENT.fingerprint ? "gone" : "changed";
      }
      return (await this.transaction(client, "EVAL", script.source, keys.length, ...keys, ...args)) ?? "changed";
    });
  }

  /** @returns a key's expiry with every digit that the server has: a script, and a number here, have about 16 of them. */
  exactExpiry(key: Buffer): Promise<string> {
    return this.inTurn(async (client) => String(await client.call("PEXPIRETIME", key)));
  }

  close(): void {
    this.client?.close();
    this.client = undefined;
  }

  private inTurn<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    const turn = this.last.then(() => this.retried(work));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Starts over with another connection while the shard is away: whatever had run before is compared again. */
  private async retried<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    for (let left = this.patient ? RECONNECTS : 0; ; left--) {
      try {
        this.client ??= new RedisClient(this.endpoint, false, { once: true });
        return await work(this.client);
      } catch (error) {
        // No WATCH and no half of a transaction stays.
        this.close();
        if (left === 0 || !(error instanceof ShardUnreachableError)) throw error;
        await sleep(RECONNECT_AFTER_MS);
      }
    }
  }

  /** Begins to WATCH a key and reads all of it. */
  private async watch(client: RedisClient, key: Buffer, fieldsAfterMs: number): Promise<KeyState> {
    await client.call("WATCH", key);
    let [sum, most] = [NO_PARTS, FIRST_MEMBERS];
    let at: Buffer = Buffer.alloc(0);
    let expiresAtMs: number;
    do {
      const reply = await client.script(LUA.part, [key], [at, String(most), String(fieldsAfterMs)]);
      const [type, next, expiry, bytes, members, ...lanes] = this.replies.list(reply, { length: 7 });
      const [a = 0, b = 0] = lanes.map((lane) => this.replies.number(lane));
      sum = addParts(sum, { type: this.replies.text(type), members: this.replies.number(members), lanes: [a, b] });
      expiresAtMs = this.replies.expiry(expiry);
      at = this.replies.buffer(next);
      most = membersPerPart(this.replies.number(bytes), this.replies.number(members));
    } while (at.length > 0);
    const fingerprint = fingerprintOf(sum, fieldsAfterMs);
    return fingerprint === ABSENT.fingerprint ? ABSENT : { fingerprint, expiresAtMs };
  }

  /** @returns the reply to one command, run only if no watched key has changed; undefined when one has. */
  private async transaction(client: RedisClient, command: string, ...args: (string | Buffer | number)[]) {
    await client.call("MULTI");
    await client.call(command, ...args);
    const replies = await client.call("EXEC");
    if (replies === null) return undefined;
    const [reply] = this.replies.list(replies, { length: 1 });
    if (reply instanceof Error) throw client.explain(reply);
    return reply;
  }
}

const membersPerPart = (bytes: number, members: number): number =>
  members === 0 ? MOST_MEMBERS : Math.max(1, Math.min(MOST_MEMBERS, Math.floor((PART_BYTES * members) / bytes)));
