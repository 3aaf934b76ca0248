/**
 * Keys of the backend, and a checker of its own: where each key must be, with which value and expiry. It shares the
 * ring with the product (which is held against the router's vectors) and nothing else.
 */
import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { HashRing } from "../../migration/ring/ring";

const PREFIX = "pcs:";
const BOOKKEEPING = "dedup-shards:";
const PIPELINE = 2_000;

/** What the backend stored under a pcs_id. */
export interface Stored {
  readonly value: string;
  readonly expiresAtMs: number;
  /** Where only the client's view of it is known: the latest that it may be. */
  readonly expiresUntilMs?: number;
}

/** Where keys are and should be. */
export interface Placement {
  /** Keys that are on their owner with value and expiry. */
  right: number;
  readonly missing: string[];
  readonly different: string[];
  /** Keys on a shard that does not own them, and keys that nobody wrote. */
  readonly elsewhere: string[];
}

/** Shards by name, reached directly. */
export class RingKeys {
  /** The truth: what is stored under each pcs_id. */
  readonly stored = new Map<string, Stored>();
  private readonly clients = new Map<string, Redis>();

  constructor(
    private readonly address: (shard: string) => Promise<{ host: string; port: number }>,
    private readonly password?: string,
  ) {}

  /** A client of a shard; binary replies by the `…Buffer` methods. */
  async client(shard: string): Promise<Redis> {
    const known = this.clients.get(shard);
    if (known) return known;
    const { host, port } = await this.address(shard);
    const client = new Redis({ host, port, protocol: 2, ...(this.password ? { password: this.password } : {}) });
    client.on("error", () => undefined);
    this.clients.set(shard, client);
    return client;
  }

  /** Forgets the connections: pods that were replaced have other addresses. */
  close(): void {
    for (const client of this.clients.values()) client.disconnect();
    this.clients.clear();
  }

  /** Stores claims on their owners in a ring, as the backend would. */
  async fill(shards: readonly string[], count: number, from = 0): Promise<void> {
    const ring = new HashRing(shards);
    const expiresAtMs = Date.now() + 14 * 24 * 3_600_000;
    for (let start = from; start < from + count; start += PIPELINE) {
      const pipelines = new Map<string, ReturnType<Redis["pipeline"]>>();
      for (let i = start; i < Math.min(start + PIPELINE, from + count); i++) {
        const id = createHash("sha256").update(`submission ${i}`).digest("hex");
        const value = JSON.stringify({ claim: `c-${i}`, verified: i % 7 !== 0, proof: id.repeat(2) });
        const stored = { value, expiresAtMs: expiresAtMs + i };
        this.stored.set(id, stored);
        const owner = ring.ownerOf(id);
        const pipeline = pipelines.get(owner) ?? (await this.client(owner)).pipeline();
        pipelines.set(owner, pipeline.call("SET", PREFIX + id, value, "NX", "PXAT", stored.expiresAtMs));
      }
      await Promise.all([...pipelines.values()].map((pipeline) => pipeline.exec()));
    }
  }

  /** Looks at every key of every shard named, and holds it against the truth. */
  async placement(ringShards: readonly string[], allShards: readonly string[] = ringShards): Promise<Placement> {
    const ring = new HashRing(ringShards);
    const result: Placement = { right: 0, missing: [], different: [], elsewhere: [] };
    const seen = new Set<string>();
    const look = async (shard: string): Promise<void> => {
      for await (const batch of this.scan(shard)) {
        for (const { key, value, expiresAtMs } of batch) {
          const id = key.slice(PREFIX.length);
          const truth = this.stored.get(id);
          if (!truth || ring.ownerOf(id) !== shard) result.elsewhere.push(`${shard} ${key}`);
          else if (truth.value !== value || !expiresAsTold(truth, expiresAtMs))
            result.different.push(`${shard} ${key}`);
          else seen.add(id);
        }
      }
    };
    await Promise.all(allShards.map(look));
    result.right = seen.size;
    for (const id of this.stored.keys()) if (!seen.has(id)) result.missing.push(id);
    return result;
  }

  private async *scan(shard: string) {
    const client = await this.client(shard);
    let cursor = "0";
    do {
      const [next, all] = await client.scan(cursor, "COUNT", 1_000);
      cursor = next;
      const keys = all.filter((key) => !key.startsWith(BOOKKEEPING));
      if (keys.length === 0) continue;
      const pipeline = client.pipeline().mget(keys);
      for (const key of keys) pipeline.call("PEXPIRETIME", key);
      const [values, ...expiries] = (await pipeline.exec()) ?? [];
      yield keys.map((key, i) => ({
        key,
        value: (values?.[1] as (string | null)[])[i] ?? null,
        expiresAtMs: Number(expiries[i]?.[1]),
      }));
    } while (cursor !== "0");
  }
}

const expiresAsTold = ({ expiresAtMs, expiresUntilMs = expiresAtMs }: Stored, foundMs: number): boolean =>
  expiresAtMs <= foundMs && foundMs <= expiresUntilMs;
