/** Rings whose shards fail over to replicas that lag behind, or are put back to what they were, under a stack and its pods. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../../migration/ring/ring";
import { TcpProxy } from "../../faults/tcp-proxy";
import { Claims } from "../../lab/backend/claims";
import { RetryableError } from "../../lab/backend/retryable";
import { RedisShard } from "../../lab/backend/shards";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { RedisServer } from "../redis-servers";
import { RingLab } from "../ring-lab";

const LIFE_MS = 14 * 24 * 3_600_000;
/** Set on a server that takes a shard's place. */
const PROMOTED = "promoted";
const POLL_MS = 10;

/** A backend pod: claims by the reference rule with the ring of its start. */
export interface Pod {
  /** @returns `first`, `duplicate of VALUE` or `RETRY`. */
  readonly claim: (id: string, value: string) => Promise<string>;
}

export class FailingShards {
  /** What the product said since the last look. */
  lines: string[] = [];
  private readonly say = console.log;
  private readonly replicas: RedisServer[] = [];
  private readonly replaced: RedisServer[] = [];
  /** Connections of pods, by shard. */
  private readonly podShards = new Map<string, RedisShard[]>();
  private readonly folders: string[] = [];

  private constructor(
    readonly lab: RingLab,
    readonly cluster: PaperCluster,
    readonly stack: PaperStack,
    private readonly proxies: ReadonlyMap<string, TcpProxy>,
  ) {
    console.log = (line: string) => void this.lines.push(line);
  }

  /** Starts servers that sync every write, each behind a way of its own that can lead to another server. */
  static async start(current: readonly string[], target: readonly string[], keys: number): Promise<FailingShards> {
    const [lab, cluster] = await Promise.all([
      RingLab.start(current, target, { persistent: true }),
      PaperCluster.start(),
    ]);
    const ways = [...lab.servers].map(async ([name, { port }]) => [name, await TcpProxy.start(port)] as const);
    const proxies = new Map(await Promise.all(ways));
    await lab.fill(keys);
    return new FailingShards(lab, cluster, new PaperStack({ rings: lab.rings, servers: proxies }, cluster), proxies);
  }

  async stop(): Promise<void> {
    console.log = this.say;
    for (const shard of [...this.podShards.values()].flat()) shard.close();
    for (const proxy of this.proxies.values()) await proxy.stop();
    for (const server of [...this.replicas, ...this.replaced]) await server.stop();
    for (const folder of this.folders) rmSync(folder, { recursive: true });
    this.cluster.stop();
    await this.lab.stop();
  }

  /** Brings the stack up in one phase after the other. */
  async go(...phases: readonly Parameters<PaperStack["up"]>[0][]): Promise<void> {
    for (const phase of phases) await this.stack.up(phase);
  }

  /** Starts a pod with the live ring. */
  pod(): Pod {
    const { DEDUP_SHARDS = "", DEDUP_DUAL_WRITE, DEDUP_NEW_RING = "" } = this.cluster.ring ?? {};
    const names = new Map([...this.proxies].map(([name, { url }]) => [url, name]));
    const shards = new Map([...this.proxies].map(([name, { url }]) => [name, new RedisShard(url, 1_000)]));
    for (const [name, shard] of shards) this.podShards.set(name, [...(this.podShards.get(name) ?? []), shard]);
    const claims = new Claims({
      primary: new HashRing(DEDUP_SHARDS.split(",").map((url) => names.get(url) ?? "")),
      secondary: DEDUP_DUAL_WRITE === "true" ? new HashRing(DEDUP_NEW_RING.split(",")) : undefined,
      shard: (name) => shards.get(name) as RedisShard,
      keyPrefix: this.lab.rings.keyPrefix,
      claimWindowMs: 1_000,
      now: Date.now,
    });
    const connected = () => [...shards.values()].every((shard) => shard.connected);
    const claim = async (id: string, value: string): Promise<string> => {
      await until(connected);
      try {
        const { answer, stored } = await claims.claim(id, { value, expiresAtMs: Date.now() + LIFE_MS });
        return answer === "first" ? answer : `duplicate of ${stored}`;
      } catch (error) {
        if (error instanceof RetryableError) return "RETRY";
        throw error;
      }
    };
    return { claim };
  }

  /** Ids that move from one shard to another; from or to any where none is named. */
  movers(count: number, { from, to }: { readonly from?: string; readonly to?: string } = {}): string[] {
    const { current, target } = this.lab.rings;
    const ids: string[] = [];
    for (let i = 0; ids.length < count; i++) {
      const id = `mover ${i}`;
      const [before, after] = [current.ownerOf(id), target.ownerOf(id)];
      if (before !== after && (from ?? before) === before && (to ?? after) === after) ids.push(id);
    }
    return ids;
  }

  /** A replica that has all writes until now, and gets none from now on. @returns what promotes it. */
  async replicaCutOff(name: string): Promise<() => Promise<void>> {
    const { client: primary, port } = this.lab.server(name);
    const replica = await RedisServer.start({ persistent: true });
    this.replicas.push(replica);
    await primary.config("SET", "repl-diskless-sync-delay", "0");
    await replica.client.replicaof("127.0.0.1", port);
    const offset = async ({ client }: RedisServer) =>
      /master_repl_offset:(\d+)/.exec(await client.info("replication"))?.[1];
    await until(async () => (await replica.client.info("replication")).includes("master_link_status:up"));
    await until(async () => (await offset(replica)) === (await offset(this.lab.server(name))));
    await replica.client.replicaof("NO", "ONE");
    return () => this.lead(name, replica);
  }

  /** A snapshot of a shard's volume. @returns what puts it back. */
  async volumeSnapshot(name: string): Promise<() => Promise<void>> {
    const server = this.lab.server(name);
    const [, dir = ""] = await server.client.config("GET", "dir");
    const folder = this.folder();
    cpSync(join(dir, "appendonlydir"), folder, { recursive: true });
    const putBack = () => {
      rmSync(join(dir, "appendonlydir"), { recursive: true });
      cpSync(folder, join(dir, "appendonlydir"), { recursive: true });
      return Promise.resolve();
    };
    return () => server.restart({ meanwhile: putBack });
  }

  /** An RDB file of a shard. @returns what starts a server from it in the shard's place. */
  async rdbBackup(name: string): Promise<() => Promise<void>> {
    const server = this.lab.server(name);
    const [, dir = ""] = await server.client.config("GET", "dir");
    await server.client.save();
    const folder = this.folder();
    cpSync(join(dir, "dump.rdb"), join(folder, "dump.rdb"));
    return async () => {
      const restored = await RedisServer.start({ settings: ["--dir", folder] });
      this.replicas.push(restored);
      await this.lead(name, restored);
    };
  }

  /** Keys of before that two shards hold. */
  async shared(one: string, other: string): Promise<string[]> {
    const [held, too] = [await this.lab.strings(one), await this.lab.strings(other)];
    return [...held.keys()].filter((key) => too.has(key) && this.lab.stored.has(key));
  }

  /** What a shard holds for some ids. */
  held(shard: string, ids: readonly string[]): Promise<(string | null)[]> {
    return this.lab.server(shard).client.mget(ids.map((id) => this.lab.rings.keyPrefix + id));
  }

  /** Has a shard's address lead to another server, and waits until pods are connected to that one. */
  private async lead(name: string, server: RedisServer): Promise<void> {
    this.replaced.push(this.lab.server(name));
    (this.lab.servers as Map<string, RedisServer>).set(name, server);
    await server.client.set(PROMOTED, name);
    this.proxies.get(name)?.leadTo(server.port);
    for (const shard of this.podShards.get(name) ?? []) {
      await until(async () => (await shard.get(PROMOTED).catch(() => undefined)) === name);
    }
    await server.client.del(PROMOTED);
  }

  private folder(): string {
    const folder = mkdtempSync(join(tmpdir(), "dedup-shards-backup-"));
    this.folders.push(folder);
    return folder;
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(POLL_MS);
}
