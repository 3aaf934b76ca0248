/** Real servers with many keys: those of the current ring full, those that join it empty. */
import { createHash } from "node:crypto";
import { systemClock, withSession } from "../../migration/adapters/session";
import { writeMigrationRecord, type MigrationRecord } from "../../migration/engines/migration-record";
import type { Direction, MigrationRings, Pace, Run } from "../../migration/engines/runtime";
import { moversOnPrimary } from "../../migration/engines/route";
import { DecidingShards } from "../../migration/engines/run/suspect-shards";
import { reconcile } from "../../migration/engines/reconcile";
import type { SyncCounts, SyncJob } from "../../migration/engines/sync";
import { Throttle } from "../../migration/engines/throttle";
import { DEFAULT_VNODES, HashRing } from "../../migration/ring/ring";
import { RedisServer } from "../integration/redis-servers";
import { encode, RespSocket } from "./resp-socket";

/** As fast as the shards take it. */
export const UNTHROTTLED: Pace = {
  keysPerSecond: 10_000_000,
  batchSize: 200,
  bigValueBytes: 262_144,
  maxSourceLatencyMs: 60_000,
};
export const TOLERANCE_MS = 1_000;
/** With the 64 digits of an id: keys of 65 bytes. */
const KEY_PREFIX = "k";
const TTL_MS = 14 * 24 * 3_600_000;
const FILL_BATCH = 1_000;
/** The source of what is done to one source only. */
export const SOURCE = "shard-0";
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `shard-${i}`);

/** For work without a pass over whole sources. */
export function syncJob(run: Run, record: MigrationRecord): SyncJob {
  const throttle = new Throttle(UNTHROTTLED, systemClock);
  const deciding = new DecidingShards(record, run.log);
  const rest = { settle: false, deciding, claimMs: 0, givesBack: true };
  return { run, record, throttle, expiryToleranceMs: TOLERANCE_MS, ...rest };
}

/** A full pass of a verify. */
export function verifyPass(run: Run, record: MigrationRecord, direction: Direction): Promise<SyncCounts> {
  const settings = { pace: UNTHROTTLED, expiryToleranceMs: TOLERANCE_MS, settle: true };
  return reconcile(run, { ...settings, name: "verify", record, direction, extra: "complete" });
}

/** All that an engine needs to know of a ring; fits into a message to another process. */
export interface RingDescription {
  readonly addresses: readonly { readonly name: string; readonly url: string }[];
  readonly migration: MigrationRecord;
}

/** The rings of a description, and runs on them as the product opens them, without a log. */
export function connect({ addresses, migration }: RingDescription) {
  const current = new HashRing(migration.shards);
  const target = new HashRing(migration.targetShards);
  const rings: MigrationRings = { current, target, keyPrefix: KEY_PREFIX };
  const access = { access: "direct", namespace: "bench", keyPrefix: KEY_PREFIX, patient: true, login: {} } as const;
  const plan = { addresses, access, rings, purpose: "bench", log: () => undefined };
  const direction: Direction = { primary: current, secondary: target };
  return {
    rings,
    direction,
    withRun: <T>(work: (run: Run) => Promise<T>): Promise<T> => withSession(plan, ({ run }) => work(run)),
  };
}

export class BenchRing {
  readonly rings: MigrationRings;
  readonly forward: Direction;
  private record: MigrationRecord;

  private constructor(
    readonly servers: ReadonlyMap<string, RedisServer>,
    current: readonly string[],
    target: readonly string[],
    /** All of them together. */
    readonly keys: number,
  ) {
    this.record = { sequence: 0, id: "bench", digest: "bench", movers: 0, ...ringsOf(current, target) };
    const { rings, direction } = connect(this.description);
    this.rings = rings;
    this.forward = direction;
  }

  /** A ring of so many shards, each key on its owner, and one empty shard more. */
  static async start(shards: number, keys: number): Promise<BenchRing> {
    const [current, target] = [names(shards), names(shards + 1)];
    const started = await Promise.all(target.map(async (name) => [name, await RedisServer.start()] as const));
    const ring = new BenchRing(new Map(started), current, target, keys);
    const movers = await ring.fill();
    ring.record = await ring.withRun(({ token, shards: store }) =>
      writeMigrationRecord(target.map(store), token(), { ...ring.record, movers }),
    );
    return ring;
  }

  get migration(): MigrationRecord {
    return this.record;
  }

  /** The shard that joins. */
  get joining(): string {
    return this.rings.target.shards.at(-1) as string;
  }

  server(name: string): RedisServer {
    const server = this.servers.get(name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  }

  get description(): RingDescription {
    const addresses = [...this.servers].map(([name, { url }]) => ({ name, url }));
    return { addresses, migration: this.record };
  }

  withRun<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return connect(this.description).withRun(work);
  }

  /** Microseconds of CPU that the servers' main threads have taken: commands, and what it takes to read and answer them. */
  async serverTime(): Promise<number> {
    let sum = 0;
    for (const { client } of this.servers.values()) {
      const text = await client.info("cpu");
      for (const [, seconds] of text.matchAll(/used_cpu_(?:sys|user)_main_thread:([\d.]+)/g))
        sum += Number(seconds) * 1e6;
    }
    return sum;
  }

  /** Takes the copies off the shard that joins, and forgets how far any engine came. */
  async empty(): Promise<void> {
    await this.server(this.joining).client.flushall();
    for (const { client } of this.servers.values()) {
      const checkpoints = await client.keys("dedup-shards:checkpoint*");
      if (checkpoints.length > 0) await client.del(...checkpoints);
    }
    await this.withRun(({ token, shards }) =>
      writeMigrationRecord(this.rings.target.shards.map(shards), token(), this.record),
    );
  }

  /** Takes one of so many copies off the shard that joins. */
  async takeAway(oneIn: number): Promise<void> {
    const { client } = this.server(this.joining);
    for (let cursor: string | undefined; cursor !== "0";) {
      const [next, keys]: [string, string[]] = await client.scan(
        cursor ?? "0",
        "MATCH",
        `${KEY_PREFIX}*`,
        "COUNT",
        1_000,
      );
      const chosen = keys.filter((_, i) => i % oneIn === 0);
      if (chosen.length > 0) await client.unlink(...chosen);
      cursor = next;
    }
  }

  /** @returns all keys of a shard. */
  keysOf(shard: string): Promise<readonly Buffer[]> {
    return this.withRun(async ({ shards }) => {
      const found: Buffer[] = [];
      for (let cursor: string | undefined; cursor !== "0";) {
        const page = await shards(shard).scan(cursor ?? "0");
        found.push(...page.keys);
        ({ cursor } = page);
      }
      return found;
    });
  }

  /** @returns those of a shard's keys that the target ring has elsewhere. */
  async moversOf(source: string): Promise<readonly Buffer[]> {
    const route = moversOnPrimary(this.rings, this.forward);
    return (await this.keysOf(source)).filter((key) => route(key, source) !== undefined);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }

  /** @returns how many of the keys will move. */
  private async fill(): Promise<number> {
    const expiresAtMs = Date.now() + TTL_MS;
    const sockets = new Map<string, RespSocket>();
    for (const name of this.rings.current.shards) {
      const { host, port } = this.server(name);
      sockets.set(name, await RespSocket.open(host, port));
    }
    let movers = 0;
    for (let from = 0; from < this.keys; from += FILL_BATCH) {
      const commands = new Map<string, Buffer[]>();
      for (let i = from; i < Math.min(from + FILL_BATCH, this.keys); i++) {
        const id = createHash("sha256").update(`submission ${i}`).digest("hex");
        const owner = this.rings.current.ownerOf(id);
        if (this.rings.target.ownerOf(id) !== owner) movers++;
        const command = encode(["SET", KEY_PREFIX + id, valueOf(i), "PXAT", String(expiresAtMs + i)]);
        commands.set(owner, [...(commands.get(owner) ?? []), command]);
      }
      await Promise.all(
        [...sockets].map(([owner, socket]) => {
          const all = commands.get(owner) ?? [];
          return socket.send(Buffer.concat(all), all.length);
        }),
      );
    }
    for (const socket of sockets.values()) socket.close();
    return movers;
  }
}

const ringsOf = (shards: readonly string[], targetShards: readonly string[]) => ({
  ...{ shards, targetShards, vnodes: DEFAULT_VNODES, keyPrefix: KEY_PREFIX },
});

/** About 200 bytes of JSON. */
function valueOf(i: number): string {
  const stored = {
    claim: `claim-${i}`,
    received: new Date(1_700_000_000_000 + i).toISOString(),
    verified: i % 7 !== 0,
  };
  return JSON.stringify({ ...stored, note: `${"a result that is stored with the first submission ".repeat(2)}${i}` });
}
