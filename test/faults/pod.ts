/** A backend pod on paper: claims by the reference backend's rule, and reports the ring that it read when it started. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { HashRing } from "../../migration/ring/ring";
import { Claims, type Answer } from "../lab/backend/claims";
import { checkedRing } from "../lab/backend/ring-checksum";
import { TypedShard } from "./typed-shard";

/** The ring ConfigMap. */
export type RingData = Readonly<Record<string, string>>;

/** Both rings of a pod. */
export interface PodRings {
  readonly primary: HashRing;
  readonly secondary: HashRing | undefined;
}

/** What every pod of a backend has in common. */
export interface PodOptions {
  /** URLs of the shards as the ConfigMap has them, by name. */
  readonly urls: Readonly<Record<string, string>>;
  /** Where pods reach these shards. */
  readonly reachedAt: Readonly<Record<string, string>>;
  readonly keyPrefix: string;
  readonly claimWindowMs: number;
  readonly commandTimeoutMs: number;
  /** Whether each shard is asked for its card. */
  readonly asksCards: boolean;
  /** Where pods answer for their ring, each at an address of its own. */
  readonly metricsPort: number;
}

/** A pod that is about to start. */
export interface PodStart {
  readonly data: RingData;
  readonly ip: string;
}

/** A pod that serves, in this process or in another one. */
export interface ServingPod {
  claim(pcsId: string, value: string, ttlMs: number): Promise<Answer>;
  /** Takes nothing on any more, and resolves when it has done what it has. */
  end(): Promise<void>;
}

/** @returns the rings that a pod reads from the ConfigMap. */
export function ringsOf(data: RingData, urls: PodOptions["urls"]): PodRings {
  const names = new Map(Object.entries(urls).map(([name, url]) => [url, name]));
  const list = (text = "") => text.split(",").filter((part) => part !== "");
  const isDual = data["DEDUP_DUAL_WRITE"] === "true";
  return {
    primary: new HashRing(list(data["DEDUP_SHARDS"]).map((url) => names.get(url) ?? url)),
    secondary: isDual ? new HashRing(list(data["DEDUP_NEW_RING"])) : undefined,
  };
}

export class Pod implements ServingPod {
  private readonly claims: Claims;
  private readonly shards: ReadonlyMap<string, TypedShard>;
  private readonly atWork = new Set<Promise<unknown>>();

  private constructor(
    { data }: PodStart,
    { urls, reachedAt, keyPrefix, claimWindowMs, commandTimeoutMs, asksCards }: PodOptions,
    private readonly metrics: Server,
  ) {
    const cardOf = (shard: string) => (asksCards ? { shard, namespace: undefined } : undefined);
    this.shards = new Map(
      Object.entries(reachedAt).map(([name, url]) => [
        name,
        new TypedShard(url, commandTimeoutMs, false, cardOf(name)),
      ]),
    );
    this.claims = new Claims({
      ...ringsOf(data, urls),
      shard: (name) => this.shards.get(name) as TypedShard,
      ...{ keyPrefix, claimWindowMs, now: Date.now },
    });
  }

  /** @throws Error when the ring is not that of its checksum. */
  static async start(start: PodStart, options: PodOptions): Promise<Pod> {
    const { DEDUP_RING_EPOCH: epoch = "" } = start.data;
    const text = `dedup_ring_epoch{checksum="${checkedRing(start.data)}"} ${epoch}\n`;
    const metrics = createServer((_request, response) => response.end(text));
    metrics.listen(options.metricsPort, start.ip);
    await once(metrics, "listening");
    return new Pod(start, options, metrics);
  }

  claim(pcsId: string, value: string, ttlMs: number): Promise<Answer> {
    const answer = this.claims.claim(pcsId, { value, expiresAtMs: Date.now() + ttlMs });
    const work = answer.catch(() => undefined).finally(() => this.atWork.delete(work));
    this.atWork.add(work);
    return answer;
  }

  async end(): Promise<void> {
    await Promise.all(this.atWork);
    for (const shard of this.shards.values()) shard.close();
    this.metrics.close();
    this.metrics.closeAllConnections();
  }
}
