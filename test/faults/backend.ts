/** The backend on paper: pods that claim by the reference backend's rule, each with the ring config of its start. */
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../migration/ring/ring";
import type { PaperCluster } from "../integration/paper-cluster";
import { Claims } from "../lab/backend/claims";
import { RetryableError } from "../lab/backend/retryable";
import type { Claim, Outcome } from "../lab/load/client";
import { TypedShard } from "./typed-shard";

const REPLICAS = 2;
const OVERLAP_MS = 250;
const TRIES = 6;
const BETWEEN_TRIES_MS = 150;
const DEFAULT_TTL_MS = 14 * 24 * 3_600_000;

export interface BackendOptions {
  readonly cluster: PaperCluster;
  readonly urls: Readonly<Record<string, string>>;
  readonly keyPrefix: string;
  readonly claimWindowMs: number;
  readonly commandTimeoutMs: number;
}

/** The ring ConfigMap. */
type RingData = Readonly<Record<string, string>>;

export class PaperBackend {
  private pods: readonly Pod[] = [];
  private wanted = { epoch: -1 };
  private rolling: Promise<void> = Promise.resolve();
  private next = 0;

  constructor(private readonly options: BackendOptions) {}

  /** Deploys it. */
  start(data: RingData, epoch: number): void {
    this.options.cluster.ring = data;
    this.wanted = { epoch };
    this.show(Array.from({ length: REPLICAS }, () => this.pod()));
  }

  /** Changes the ConfigMap, and lets pods be replaced one after the other, as a Deployment does. */
  rollOut(data: RingData, epoch: number): void {
    this.options.cluster.ring = data;
    if (epoch === this.wanted.epoch) return;
    this.wanted = { epoch };
    this.rolling = this.rolling.then(() => this.replaceAll());
  }

  /** As a client that sends its claim again, to whatever pod, until it has an answer or gives up. Never throws. */
  async submit({ pcsId, claimId, body, ttlMs = DEFAULT_TTL_MS }: Claim): Promise<Outcome> {
    const failedTries: string[] = [];
    const value = JSON.stringify({ ...(JSON.parse(body) as object), claim_id: claimId });
    for (; failedTries.length < TRIES; await sleep(BETWEEN_TRIES_MS)) {
      try {
        const { answer, stored } = await this.anyPod().claim(pcsId, value, ttlMs);
        return { answer: { answer, stored: claimOf(stored) }, failedTries };
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        failedTries.push(error.message);
      }
    }
    return { failedTries };
  }

  /** Resolves when no pod is at work any more. */
  async stop(): Promise<void> {
    await this.rolling;
    await Promise.all(this.pods.map((pod) => pod.end()));
  }

  private async replaceAll(): Promise<void> {
    for (const old of this.pods.filter(({ epoch }) => epoch !== this.wanted.epoch)) {
      this.show([...this.pods, this.pod()]);
      // For a while pods of before and after serve side by side.
      await sleep(OVERLAP_MS);
      const ended = old.end();
      this.show(this.pods);
      await ended;
      this.show(this.pods.filter((pod) => pod !== old));
    }
  }

  /** Only in this moment does the new pod read the ConfigMap; its annotation is the Deployment's. */
  private pod(): Pod {
    return new Pod(this.wanted.epoch, this.options.cluster.ring ?? {}, this.options);
  }

  private show(pods: readonly Pod[]): void {
    this.pods = pods;
    this.options.cluster.pods = pods.map(({ epoch, terminating }) => ({ epoch, terminating }));
  }

  private anyPod(): Pod {
    const ready = this.pods.filter(({ terminating }) => !terminating);
    return ready[this.next++ % ready.length] as Pod;
  }
}

/** A value that is no claim any more is a finding, and no reason to break off. */
function claimOf(stored: string): Record<string, unknown> {
  try {
    return JSON.parse(stored) as Record<string, unknown>;
  } catch {
    return { claim_id: `no claim: ${stored}` };
  }
}

class Pod {
  terminating = false;
  private readonly claims: Claims;
  private readonly shards: ReadonlyMap<string, TypedShard>;
  private readonly atWork = new Set<Promise<unknown>>();

  constructor(
    readonly epoch: number,
    data: RingData,
    { urls, keyPrefix, claimWindowMs, commandTimeoutMs }: BackendOptions,
  ) {
    this.shards = new Map(Object.entries(urls).map(([name, url]) => [name, new TypedShard(url, commandTimeoutMs)]));
    const names = new Map(Object.entries(urls).map(([name, url]) => [url, name]));
    const list = (text = "") => text.split(",").filter((part) => part !== "");
    const primary = list(data["DEDUP_SHARDS"]).map((url) => names.get(url) ?? url);
    const isDual = data["DEDUP_DUAL_WRITE"] === "true";
    this.claims = new Claims({
      primary: new HashRing(primary),
      secondary: isDual ? new HashRing(list(data["DEDUP_NEW_RING"])) : undefined,
      shard: (name) => this.shards.get(name) as TypedShard,
      ...{ keyPrefix, claimWindowMs, now: Date.now },
    });
  }

  claim(pcsId: string, value: string, ttlMs: number) {
    const answer = this.claims.claim(pcsId, { value, expiresAtMs: Date.now() + ttlMs });
    const work = answer.catch(() => undefined).finally(() => this.atWork.delete(work));
    this.atWork.add(work);
    return answer;
  }

  /** Takes nothing on any more, and resolves when it has done what it has. */
  async end(): Promise<void> {
    this.terminating = true;
    await Promise.all(this.atWork);
    for (const shard of this.shards.values()) shard.close();
  }
}
