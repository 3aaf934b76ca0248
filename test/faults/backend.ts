/** The backend on paper: a Deployment whose pods each read the ring ConfigMap when they start, and refuse a torn one. */
import { setTimeout as sleep } from "node:timers/promises";
import type { PaperCluster } from "../integration/paper-cluster";
import { checkedRing } from "../lab/backend/ring-checksum";
import { RetryableError } from "../lab/backend/retryable";
import type { Claim, Outcome } from "../lab/load/client";
import type { Service } from "./given-up";
import { Pod, ringsOf, type PodOptions, type RingData, type ServingPod } from "./pod";
import type { PodHost } from "./pod-host";

const REPLICAS = 2;
const OVERLAP_MS = 200;
const TRIES = 6;
const BETWEEN_TRIES_MS = 150;
/** A client gives a try up after this: its pod may be stopped. */
const TRY_WITHIN_MS = 1_500;
/** A container that has ended is started again after this. */
const RESTARTED_AFTER_MS = 100;
const DEFAULT_TTL_MS = 14 * 24 * 3_600_000;
const ADDRESSES = 250;

/** What the pod template of the Deployment says. */
interface Template {
  readonly epoch: number;
  /** The mark of a restart within its epoch. */
  readonly restarted?: string;
}

/** A pod as the API server has it. */
interface Entry {
  readonly template: Template;
  readonly ip: string;
  terminating: boolean;
  /** Undefined while its container does not run. */
  pod: ServingPod | undefined;
  /** What it read when it was started last. */
  data: RingData | undefined;
  /** Whether it is in the other process. */
  readonly isHosted: boolean;
  service: Service | undefined;
}

export interface BackendOptions extends Omit<PodOptions, "metricsPort"> {
  readonly cluster: PaperCluster;
}

export class PaperBackend {
  /** Which rings pods have served by, and when. */
  readonly services: Service[] = [];
  /** Every second pod runs there, from now on. */
  host: PodHost | undefined;
  private readonly cluster: PaperCluster;
  private readonly pods: Entry[] = [];
  private template: Template = { epoch: -1 };
  private rolling: Promise<void> = Promise.resolve();
  private started = 0;
  private next = 0;
  private isOver = false;

  constructor(private readonly options: BackendOptions) {
    this.cluster = options.cluster;
    this.cluster.onRestart = ({ "dedup-shards/ring-restart": restarted }) =>
      this.replaceBy({ ...this.template, ...(restarted === undefined ? {} : { restarted }) });
  }

  /** What its pods have in common. Shards have cards once the first ring has been written. */
  get podOptions(): PodOptions {
    const { cluster, ...options } = this.options;
    const asksCards = options.asksCards && this.template.epoch > 0;
    return { ...options, asksCards, metricsPort: cluster.metrics.port };
  }

  /** Deploys it. */
  async start(data: RingData, epoch: number): Promise<void> {
    this.cluster.ring = data;
    this.template = { epoch };
    await Promise.all(Array.from({ length: REPLICAS }, () => this.add()));
  }

  /** Changes the ConfigMap, and lets pods be replaced one after the other, as a Deployment does when its template changes. */
  rollOut(data: RingData, epoch: number, restarted: string | undefined): void {
    this.cluster.ring = data;
    this.replaceBy({ epoch, ...(restarted ? { restarted } : {}) });
  }

  /** `kubectl rollout restart`. */
  restartAll(mark: string): void {
    this.replaceBy({ ...this.template, restarted: mark });
  }

  /** The container of one pod ends, and is started again: it reads the ConfigMap that there is then. */
  async restartOne(): Promise<void> {
    const entry = this.ready[0];
    if (entry === undefined) return;
    await this.end(entry);
    await this.run(entry);
  }

  /** As a client that sends its claim again, to whatever pod, until it has an answer or gives up. Never throws. */
  async submit({ pcsId, claimId, body, ttlMs = DEFAULT_TTL_MS }: Claim): Promise<Outcome> {
    const failedTries: string[] = [];
    const value = JSON.stringify({ ...(JSON.parse(body) as object), claim_id: claimId });
    let isAbandoned = false;
    for (; failedTries.length < TRIES; await sleep(BETWEEN_TRIES_MS)) {
      try {
        const answered = await this.claim(pcsId, value, ttlMs);
        isAbandoned ||= answered === undefined;
        if (answered === undefined) throw new RetryableError("the pod does not answer");
        // A try that a stopped pod may still have says no more who is first: it may come when that one's life is over.
        if (isAbandoned && answered.answer === "duplicate") return { failedTries };
        return { answer: { answer: answered.answer, stored: claimOf(answered.stored) }, failedTries };
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        failedTries.push(error.message);
      }
    }
    return { failedTries };
  }

  /** Resolves when every pod is one that the Deployment wants. */
  settled(): Promise<void> {
    return this.rolling;
  }

  /** The rings that pods serve now. */
  get serving(): readonly RingData[] {
    return this.ready.flatMap(({ data }) => (data ? [data] : []));
  }

  /** Whether a pod serves in the other process. */
  get servesElsewhere(): boolean {
    return this.ready.some(({ isHosted }) => isHosted);
  }

  /** Resolves when no pod is at work any more. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.rolling;
    await Promise.all(this.pods.map((entry) => this.end(entry)));
  }

  /** @returns undefined when a pod does not answer in time. */
  private async claim(pcsId: string, value: string, ttlMs: number) {
    const { ready } = this;
    const { pod } = ready[this.next++ % ready.length] ?? {};
    if (pod === undefined) throw new RetryableError("no pod is ready");
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), TRY_WITHIN_MS)));
    return Promise.race([pod.claim(pcsId, value, ttlMs), timeout]).finally(() => clearTimeout(timer));
  }

  private replaceBy(template: Template): void {
    if (JSON.stringify(template) === JSON.stringify(this.template)) return;
    this.template = template;
    this.cluster.template = template.epoch;
    this.rolling = this.rolling.then(() => this.replaceAll());
  }

  private async replaceAll(): Promise<void> {
    for (const old of this.pods.filter(({ template }) => template !== this.template)) {
      await this.add();
      // For a while pods of before and after serve side by side.
      await sleep(OVERLAP_MS);
      old.terminating = true;
      this.show();
      await this.end(old);
      this.pods.splice(this.pods.indexOf(old), 1);
      this.show();
    }
  }

  private async add(): Promise<void> {
    const ip = `127.0.0.${2 + (this.started % ADDRESSES)}`;
    const nothing = { pod: undefined, data: undefined, service: undefined };
    const isHosted = this.host !== undefined && this.started % 2 === 0;
    const entry: Entry = { template: this.template, ip, isHosted, terminating: false, ...nothing };
    this.started++;
    this.pods.push(entry);
    await this.run(entry);
  }

  /** Only in this moment does the pod read the ConfigMap; its annotation is the Deployment's. */
  private async run(entry: Entry): Promise<void> {
    this.show();
    while (isTorn(this.cluster.ring) && this.isWanted(entry)) await sleep(RESTARTED_AFTER_MS);
    if (!this.isWanted(entry)) return;
    const data = this.cluster.ring ?? {};
    const service = { ...ringsOf(data, this.options.urls), fromMs: Date.now(), toMs: Infinity };
    this.services.push(service);
    const start = { data, ip: entry.ip };
    entry.pod = await (entry.isHosted ? this.host?.start(start, this.podOptions) : Pod.start(start, this.podOptions));
    [entry.data, entry.service] = [data, service];
    if (!this.isWanted(entry)) await this.end(entry);
    this.show();
  }

  private isWanted(entry: Entry): boolean {
    return !this.isOver && !entry.terminating && this.pods.includes(entry);
  }

  private async end(entry: Entry): Promise<void> {
    const { pod, service } = entry;
    if (!entry.terminating) entry.pod = undefined;
    await pod?.end();
    entry.pod = undefined;
    if (service) service.toMs = Date.now();
  }

  private show(): void {
    this.cluster.pods = this.pods.map(({ template, terminating, ip, pod }) => ({
      ...{ ...template, terminating, ip, running: pod !== undefined },
    }));
  }

  private get ready(): readonly Entry[] {
    return this.pods.filter(({ terminating, pod }) => !terminating && pod !== undefined);
  }
}

/** By the contract a process that finds another checksum than that of the ring beside it does not become ready. */
function isTorn(data: RingData = {}): boolean {
  try {
    checkedRing(data);
    return false;
  } catch {
    return true;
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
