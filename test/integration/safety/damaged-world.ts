/** A migration whose shards are damaged one at a time, and put back as they were: every cell of a table starts alike. */
import { RedisClient } from "../../../migration/adapters/redis-client";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import { remove as askGuard } from "../../../migration/entrypoints/shard-guard";
import { handOver } from "../../../migration/operations/hand-over";
import { repairRings } from "../../../migration/operations/repair-rings";
import type { Phase } from "../../../migration/phases";
import type { HashRing } from "../../../migration/ring/ring";
import { PaperCluster, type PaperPod } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { RingLab } from "../ring-lab";

/** One shard of each kind, by the rings that have it. */
export const SHARD_OF = { "current only": "shard-1", "target only": "shard-2", both: "shard-0" } as const;
export type RingsOfShard = keyof typeof SHARD_OF;
export const DAMAGES = ["dead", "empty", "unreadable record", "wrong card"] as const;
export type Damage = (typeof DAMAGES)[number];

export const CURRENT = [SHARD_OF.both, SHARD_OF["current only"]];
export const TARGET = [SHARD_OF.both, SHARD_OF["target only"]];
const ALL = [...CURRENT, SHARD_OF["target only"]];
const KEYS = 60;
export const WENT = "went";

interface Dump {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly expiresAtMs: number;
}

/** All that a step may change. */
interface Picture {
  readonly dumps: ReadonlyMap<string, readonly Dump[]>;
  readonly ring: PaperCluster["ring"];
  readonly pods: readonly PaperPod[];
  readonly stack: PaperStack;
}

/** A move that an operator asks for. */
export interface AskedMove {
  readonly to: Phase;
  /** The shards that the config names from then on. */
  readonly shards?: readonly string[];
}

export class DamagedWorld {
  stack: PaperStack;
  private dead: string | undefined;

  private constructor(
    readonly lab: RingLab,
    readonly cluster: PaperCluster,
  ) {
    this.stack = new PaperStack(lab, this);
  }

  get metrics(): PaperCluster["metrics"] {
    return this.cluster.metrics;
  }

  /** A rollout replaces every pod, but for one by a ring with a shard that is away: its pods do not become ready. */
  rollOut(data: Readonly<Record<string, string>>, epoch: number): void {
    const { pods } = this.cluster;
    this.cluster.rollOut(data, epoch);
    if (this.dead === undefined) return;
    const urls = (data["DEDUP_SHARDS"] ?? "").split(",");
    const names = (data["DEDUP_NEW_RING"] ?? "").split(",");
    if (urls.includes(this.lab.server(this.dead).url) || names.includes(this.dead)) this.cluster.pods = pods;
  }

  static async start(): Promise<DamagedWorld> {
    const [lab, cluster] = await Promise.all([RingLab.start(CURRENT, TARGET), PaperCluster.start()]);
    await lab.fill(KEYS);
    return new DamagedWorld(lab, cluster);
  }

  async stop(): Promise<void> {
    this.cluster.stop();
    await this.lab.stop();
  }

  /** Damages a shard, lets a test look, and puts everything back as it was. */
  async damaged(rings: RingsOfShard, damage: Damage, look: () => Promise<void>): Promise<void> {
    const before = await this.picture();
    const server = this.lab.server(SHARD_OF[rings]);
    if (damage === "dead") {
      this.dead = SHARD_OF[rings];
      await server.restart({ signal: "SIGKILL", meanwhile: look });
      this.dead = undefined;
    } else {
      await this.spoil(SHARD_OF[rings], damage);
      await look();
    }
    await this.putBack(before);
  }

  private async spoil(shard: string, damage: Damage): Promise<void> {
    const { client } = this.lab.server(shard);
    if (damage === "empty") await client.flushall();
    if (damage === "unreadable record") await client.set("dedup-shards:migration", '{"id":');
    if (damage !== "wrong card") return;
    const card = JSON.parse((await client.get("dedup-shards:card")) ?? "{}") as object;
    await client.set("dedup-shards:card", JSON.stringify({ ...card, shard: "shard-9" }));
  }

  /** Tries something from what there is now, and takes it back. @returns what came of it */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    const before = await this.picture();
    try {
      return await work();
    } finally {
      await this.putBack(before);
    }
  }

  /** @returns "went", or the message that refused */
  async move({ to, shards }: AskedMove, forced: readonly string[] = []): Promise<string> {
    this.stack.secrets = { forceRemoveShards: JSON.stringify(forced) };
    const leaving = to === "stable" ? ALL.filter((name) => !(shards ?? CURRENT).includes(name)) : [];
    try {
      await this.stack.up(to, shards);
      for (const shard of leaving) await this.remove(shard);
      return WENT;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private remove(shard: string): Promise<void> {
    const { connection, ring } = this.stack.state as CheckedGateInputs;
    const shards = { [shard]: connection.shards[shard] ?? "" };
    const inputs = { shard, connection: { ...connection, shards }, keyPrefix: ring.keyPrefix, uid: "u" };
    return askGuard(inputs, this.stack.secrets);
  }

  /** `npm run adopt`, `npm run repair`. @returns "went", or the message that refused */
  async command(name: "adopt" | "repair", shard?: string): Promise<string> {
    const stack = { gate: this.stack.state as CheckedGateInputs, secrets: this.stack.secrets };
    try {
      await (name === "adopt" ? handOver(stack, shard, () => undefined) : repairRings(stack));
      return WENT;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** @returns what any shard that answers holds of the keys that were stored, as they were stored. */
  async held(): Promise<ReadonlySet<string>> {
    const held = await Promise.all(this.answering.map((name) => this.lab.strings(name)));
    return new Set(held.flatMap((keys) => [...keys.keys()]).filter((key) => this.lab.stored.has(key)));
  }

  /** @returns those of some keys that their owner in a ring does not hold as they were stored. */
  async missing(keys: ReadonlySet<string>, ring: HashRing): Promise<readonly string[]> {
    const onShards = new Map(
      await Promise.all(ring.shards.map(async (name) => [name, await this.lab.strings(name)] as const)),
    );
    return [...keys].filter((key) => {
      const held = onShards.get(this.lab.ownerOf(Buffer.from(key, "latin1"), ring))?.get(key);
      return held === undefined || !held.value.equals(this.lab.truth(Buffer.from(key, "latin1")).value);
    });
  }

  private get answering(): readonly string[] {
    return [...this.lab.servers.keys()].filter((name) => name !== this.dead);
  }

  private async picture(): Promise<Picture> {
    const before = this.stack;
    this.stack = this.copyOf(before);
    const dumps = await Promise.all(this.answering.map(async (name) => [name, await this.dump(name)] as const));
    return { dumps: new Map(dumps), ring: this.cluster.ring, pods: this.cluster.pods, stack: before };
  }

  private copyOf(stack: PaperStack): PaperStack {
    return Object.assign(new PaperStack(this.lab, this), stack);
  }

  private async putBack({ dumps, ring, pods, stack }: Picture): Promise<void> {
    await Promise.all([...dumps].map(([name, held]) => this.load(name, held)));
    this.cluster.ring = ring;
    this.cluster.pods = pods;
    this.stack = stack;
  }

  private async dump(name: string): Promise<readonly Dump[]> {
    const { client } = this.lab.server(name);
    const keys = (await client.callBuffer("KEYS", "*")) as Buffer[];
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.callBuffer("DUMP", key).call("PEXPIRETIME", key);
    const replies = (await pipeline.exec()) ?? [];
    return keys.map((key, i) => ({
      key,
      value: replies[2 * i]?.[1] as Buffer,
      expiresAtMs: Math.max(0, Number(replies[2 * i + 1]?.[1])),
    }));
  }

  private async load(name: string, held: readonly Dump[]): Promise<void> {
    const pipeline = this.lab.server(name).client.pipeline().flushall();
    for (const { key, value, expiresAtMs } of held) pipeline.call("RESTORE", key, expiresAtMs, value, "ABSTTL");
    await pipeline.exec();
  }
}

/** A shard that is away stays away: clients of this process lose no time by trying again. */
export function withoutPatience(): () => void {
  const { prototype } = RedisClient as unknown as {
    readonly prototype: { retryDelayMs: (times: number) => number | null };
  };
  const before = prototype.retryDelayMs;
  prototype.retryDelayMs = () => 1;
  return () => void (prototype.retryDelayMs = before);
}
