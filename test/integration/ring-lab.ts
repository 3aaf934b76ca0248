/**
 * Two rings over real servers, the product's own sessions on them, and a checker of the test's own: it knows every key
 * that was stored and looks at every key of every server. With the product it shares the ring, and nothing else.
 */
import { createHash } from "node:crypto";
import { withSession, type Session, type SessionPlan } from "../../migration/adapters/session";
import { writeMigrationRecord, type MigrationRecord } from "../../migration/engines/migration-record";
import type { Direction, MigrationRings, Pace, Run, Shards } from "../../migration/engines/runtime";
import type { ShardStore } from "../../migration/engines/shard-store";
import { HashRing } from "../../migration/ring/ring";
import { RedisServer, type ServerOptions } from "./redis-servers";

const BOOKKEEPING = "dedup-shards:";
const TTL_MS = 14 * 24 * 3_600_000;

/** Rings of which most tests use a pair. */
export const THREE = ["shard-0", "shard-1", "shard-2"];
export const FOUR = [...THREE, "shard-3"];
export const OTHERS = ["other-0", "other-1", "other-2"];

/** Fast, in small batches: a few hundred keys make several windows with a checkpoint each. */
export const PACE: Pace = {
  keysPerSecond: 1_000_000,
  batchSize: 20,
  bigValueBytes: 262_144,
  maxSourceLatencyMs: 60_000,
};
export const TOLERANCE_MS = 1_000;

/** A value that somebody stored. */
export interface Stored {
  readonly value: Buffer;
  /** -1 for none. */
  readonly expiresAtMs: number;
}

/** How the shards look beside what was stored. */
export interface Placement {
  /** Keys that a shard holds as stored, and that it should. */
  right: number;
  missing: number;
  different: number;
  /** Keys on a shard that should not have them. */
  elsewhere: number;
}

/** Options of a lab. */
export interface LabOptions extends ServerOptions {
  readonly keyPrefix?: string;
  /** Options of single shards. */
  readonly shards?: Readonly<Record<string, ServerOptions>>;
}

/** The servers of two rings. */
export class RingLab {
  /** The truth, by redis key in latin1 (so that bytes are kept). */
  readonly stored = new Map<string, Stored>();
  /** What the product logged. */
  readonly lines: string[] = [];
  readonly rings: MigrationRings;
  /** The migration that `run` works on; written to all shards by `begin`. */
  record: MigrationRecord;

  private constructor(
    readonly servers: ReadonlyMap<string, RedisServer>,
    current: readonly string[],
    target: readonly string[],
    private readonly options: LabOptions,
  ) {
    const { keyPrefix = "pcs:" } = options;
    this.rings = { current: new HashRing(current), target: new HashRing(target), keyPrefix };
    const ring = { shards: current, targetShards: target, vnodes: 150, keyPrefix };
    this.record = { sequence: 0, id: "m-1", digest: "d", movers: 0, ...ring };
  }

  /** Starts a server for each shard of both rings. */
  static async start(current: readonly string[], target: readonly string[], options: LabOptions = {}) {
    const names = [...new Set([...current, ...target])];
    const started = names.map(async (name) => {
      const server = await RedisServer.start({ ...options, ...options.shards?.[name] });
      return [name, server] as const;
    });
    return new RingLab(new Map(await Promise.all(started)), current, target, options);
  }

  get forward(): Direction {
    return { primary: this.rings.current, secondary: this.rings.target };
  }

  get backward(): Direction {
    return { primary: this.rings.target, secondary: this.rings.current };
  }

  server(name: string): RedisServer {
    const server = this.servers.get(name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }

  /** What a session on all shards is opened with. */
  plan(more: Partial<SessionPlan> = {}): SessionPlan {
    const { password } = this.options;
    return {
      addresses: [...this.servers].map(([name, { url }]) => ({ name, url })),
      access: {
        access: "direct",
        namespace: "test",
        keyPrefix: this.rings.keyPrefix,
        patient: true,
        login: password ? { password } : {},
      },
      rings: this.rings,
      purpose: "test",
      log: (line) => void this.lines.push(line),
      ...more,
    };
  }

  /** Opens a locked session on all shards. */
  session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return withSession(this.plan(), work);
  }

  /** The same for work that needs the run only. */
  run<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.session(({ run }) => work(run));
  }

  /** Records the migration on all shards. */
  async begin(): Promise<void> {
    this.record = await this.session(({ run, stores }) =>
      writeMigrationRecord(stores, run.token(), { ...this.record, movers: this.moverKeys().length }),
    );
  }

  /** Stores claims on their owners of a ring. */
  async fill(count: number, from = 0, ring: HashRing = this.rings.current): Promise<void> {
    const expiresAtMs = Date.now() + TTL_MS;
    const writes: Promise<unknown>[] = [];
    for (let i = from; i < from + count; i++) {
      const id = createHash("sha256").update(`submission ${i}`).digest("hex");
      const value = Buffer.from(JSON.stringify({ claim: `c-${i}`, verified: i % 7 !== 0 }));
      const key = Buffer.from(this.rings.keyPrefix + id);
      writes.push(this.put(this.ownerOf(key, ring), key, value, expiresAtMs + i));
      this.remember(key, value, expiresAtMs + i);
    }
    await Promise.all(writes);
  }

  /** Notes the truth of a key. */
  remember(key: Buffer, value: Buffer, expiresAtMs: number): void {
    this.stored.set(key.toString("latin1"), { value, expiresAtMs });
  }

  /** Puts a string on a shard, whatever the truth. */
  async put(shard: string, key: Buffer, value: Buffer, expiresAtMs = -1): Promise<void> {
    const expiry = expiresAtMs < 0 ? [] : ["PXAT", expiresAtMs];
    await this.server(shard).client.call("SET", key, value, ...expiry);
  }

  ownerOf(key: Buffer, ring: HashRing): string {
    return ring.ownerOf(key.subarray(Buffer.byteLength(this.rings.keyPrefix)));
  }

  /** Stored keys whose owner differs between the rings; only those of one current owner if given. */
  moverKeys(from?: string): Buffer[] {
    const { current, target } = this.rings;
    return [...this.stored.keys()]
      .map((key) => Buffer.from(key, "latin1"))
      .filter((key) => this.ownerOf(key, current) !== this.ownerOf(key, target))
      .filter((key) => from === undefined || this.ownerOf(key, current) === from);
  }

  /** A key that moves, with a name in it. */
  moverNamed(name: string): Buffer {
    for (let i = 0; ; i++) {
      const key = Buffer.from(`${this.rings.keyPrefix}${name} ${i}`);
      if (this.ownerOf(key, this.rings.current) !== this.ownerOf(key, this.rings.target)) return key;
    }
  }

  /** The truth of a key. */
  truth(key: Buffer): Stored {
    const stored = this.stored.get(key.toString("latin1"));
    if (!stored) throw new Error(`nobody stored ${key.toString()}`);
    return stored;
  }

  /** Holds every key of every shard against the truth: each is to be on its owner in each of some rings. */
  async placement(...rings: readonly HashRing[]): Promise<Placement> {
    const placement: Placement = { right: 0, missing: 0, different: 0, elsewhere: 0 };
    for (const shard of this.servers.keys()) {
      const held = await this.strings(shard);
      for (const [text, { value, expiresAtMs }] of this.stored) {
        const key = Buffer.from(text, "latin1");
        const found = held.get(text);
        held.delete(text);
        const wanted = rings.some((ring) => this.ownerOf(key, ring) === shard);
        if (!wanted && found) placement.elsewhere++;
        if (!wanted) continue;
        if (!found) placement.missing++;
        else if (found.value.equals(value) && found.expiresAtMs === expiresAtMs) placement.right++;
        else placement.different++;
      }
      placement.elsewhere += held.size;
    }
    return placement;
  }

  /** The placement of a system in which every key is where it belongs. */
  allRight(...rings: readonly HashRing[]): Placement {
    const keys = [...this.stored.keys()].map((key) => Buffer.from(key, "latin1"));
    const owners = keys.map((key) => new Set(rings.map((ring) => this.ownerOf(key, ring))).size);
    return { right: owners.reduce((a, b) => a + b, 0), missing: 0, different: 0, elsewhere: 0 };
  }

  /** All strings of a shard with their expiry, by key in latin1; the product's own records left out. */
  async strings(shard: string): Promise<Map<string, Stored>> {
    const { client } = this.server(shard);
    const found = (await client.callBuffer("KEYS", "*")) as Buffer[];
    const keys = found.filter((key) => !key.toString("latin1").startsWith(BOOKKEEPING));
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.getBuffer(key).call("PEXPIRETIME", key);
    const replies = (await pipeline.exec()) ?? [];
    return new Map(
      keys.flatMap((key, i) => {
        const value = replies[2 * i]?.[1];
        const expiresAtMs = Number(replies[2 * i + 1]?.[1]);
        return Buffer.isBuffer(value) ? [[key.toString("latin1"), { value, expiresAtMs }] as const] : [];
      }),
    );
  }
}

/** What a test sees of, or does at, a call of a shard: it may wait, or throw. */
export type Tap = (shard: string, method: keyof ShardStore, args: readonly unknown[]) => void | Promise<void>;

/** A run on whose shards a test listens: before each call, and after it. */
export function tapped(run: Run, { before, after }: { readonly before?: Tap; readonly after?: Tap }): Run {
  const known = new Map<string, ShardStore>();
  const shards: Shards = (name) => {
    const store = known.get(name) ?? tap(run.shards(name), before, after);
    known.set(name, store);
    return store;
  };
  return { ...run, shards };
}

function tap(store: ShardStore, before: Tap | undefined, after: Tap | undefined): ShardStore {
  return new Proxy(store, {
    get(target, property: keyof ShardStore) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await before?.(store.name, property, args);
        const answer: unknown = await (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
        await after?.(store.name, property, args);
        return answer;
      };
    },
  });
}

/** Counts calls of one method, and acts at the n-th. */
export function atCall(
  method: keyof ShardStore,
  n: number,
  act: (shard: string) => void | Promise<void>,
  on?: string,
): Tap {
  let calls = 0;
  return async (shard, called) => {
    if (called !== method || (on !== undefined && shard !== on)) return;
    if (++calls === n) await act(shard);
  };
}

/** What a test throws to interrupt a run. */
export class Killed extends Error {}

/** @returns the error that a promise was rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected it to fail");
}
