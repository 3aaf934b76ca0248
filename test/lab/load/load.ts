/**
 * Open-loop load on the backend: arrivals keep coming at their rate however long answers take, so that a pause shows as
 * latency and not as fewer requests. Latency counts from the moment at which a submission was due.
 */
import type { RingKeys } from "../ring-keys";
import { Client, type Claim } from "./client";
import { Ledger } from "./ledger";
import { Mix } from "./mix";
import { Timeline } from "./timeline";

const TICK_MS = 5;
/** A timer is that late now and then. */
const LATE_MS = 10;

export interface LoadOptions {
  /** Of the Service. */
  readonly url: string;
  /** Submissions a second. */
  readonly rate: number;
  readonly seed: string;
  /** What is stored already. What is stored from now on is added. */
  readonly keys: RingKeys;
}

export class Load {
  readonly timeline = new Timeline();
  readonly ledger: Ledger;
  /** Why tries failed, and how often. */
  readonly failures = new Map<string, number>();
  private readonly client: Client;
  private readonly mix: Mix;
  private readonly underWay = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private dueMs = 0;
  private tickMs = 0;

  constructor(private readonly options: LoadOptions) {
    this.client = new Client(options.url);
    this.mix = new Mix(options.seed, [...options.keys.stored.keys()]);
    this.ledger = new Ledger(options.keys);
  }

  start(): void {
    this.dueMs = this.tickMs = Date.now();
    this.timer = setInterval(() => this.sendDue(), TICK_MS);
  }

  /** Sends nothing more, and waits for the answers that are due. `start` goes on. */
  async pause(): Promise<void> {
    clearInterval(this.timer);
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  async stop(): Promise<void> {
    await this.pause();
    this.client.close();
  }

  private sendDue(): void {
    const nowMs = Date.now();
    const lateMs = nowMs - this.tickMs - TICK_MS;
    if (lateMs > LATE_MS) this.timeline.stoodStill(nowMs, lateMs);
    this.tickMs = nowMs;
    while (this.dueMs <= nowMs) {
      const claims = this.mix.next();
      for (const claim of claims) {
        const submission = this.submit(claim, this.dueMs).finally(() => this.underWay.delete(submission));
        this.underWay.add(submission);
      }
      this.dueMs += (1000 / this.options.rate) * claims.length;
    }
  }

  private async submit(claim: Claim, dueMs: number): Promise<void> {
    const sentMs = Date.now();
    const outcome = await this.client.submit(claim);
    const atMs = Date.now();
    const { answer, failedTries } = outcome;
    this.ledger.enter(claim, outcome, sentMs);
    this.timeline.add({
      atMs,
      latencyMs: atMs - dueMs,
      failedTries: failedTries.length,
      answer: answer?.answer ?? "error",
    });
    for (const reason of failedTries) this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }
}
