/**
 * The worker thread that asks. Open loop: arrivals keep coming at their rate however long answers take, so that a pause
 * shows as latency and not as fewer requests. Latency counts from the moment at which a submission was due.
 *
 * A thread of its own, because whoever keeps the books collects garbage, and everything on its thread stands still for
 * that: measured from there the backend would be slow whenever the books are.
 */
import { setPriority } from "node:os";
import { setInterval } from "node:timers";
import { parentPort, workerData } from "node:worker_threads";
import { Client, type Claim, type Outcome } from "./client";
import { Mix } from "./mix";

/** Clients wait for no processor of this machine: theirs are other machines. */
const PRIORITY = -10;

/** What it is started with. */
export interface AskerOptions {
  readonly url: string;
  /** Submissions a second. */
  readonly rate: number;
  readonly seed: string;
  /** Ids that are stored already. */
  readonly known: readonly string[];
}

/** What it can be told. */
export type Order = "start" | "pause";

/** A submission that is through. Times in ms since 1970. */
export interface Asked {
  readonly claim: Claim;
  readonly outcome: Outcome;
  readonly sentMs: number;
  readonly atMs: number;
  readonly latencyMs: number;
}

/** What it tells, in the order of the answers. `paused`: everything that was sent has been told. */
export type Told =
  | { readonly asked: readonly Asked[]; readonly stoodStill: readonly { readonly atMs: number; readonly ms: number }[] }
  | "paused";

const TICK_MS = 5;
/** A timer is that late now and then. */
const LATE_MS = 10;
const TELL_EVERY_MS = 250;

class Asker {
  private readonly client: Client;
  private readonly mix: Mix;
  private readonly underWay = new Set<Promise<void>>();
  private asked: Asked[] = [];
  private stoodStill: { atMs: number; ms: number }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private dueMs = 0;
  private tickMs = 0;

  constructor(
    private readonly options: AskerOptions,
    private readonly tell: (told: Told) => void,
  ) {
    this.client = new Client(options.url);
    this.mix = new Mix(options.seed, options.known);
    setInterval(() => this.flush(), TELL_EVERY_MS);
  }

  start(): void {
    this.dueMs = this.tickMs = Date.now();
    this.timer = setInterval(() => this.sendDue(), TICK_MS);
  }

  /** Sends nothing more, and waits for the answers that are due. */
  async pause(): Promise<void> {
    clearInterval(this.timer);
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    this.flush();
    this.tell("paused");
  }

  private flush(): void {
    const { asked, stoodStill } = this;
    [this.asked, this.stoodStill] = [[], []];
    this.tell({ asked, stoodStill });
  }

  private sendDue(): void {
    const nowMs = Date.now();
    const lateMs = nowMs - this.tickMs - TICK_MS;
    if (lateMs > LATE_MS) this.stoodStill.push({ atMs: nowMs, ms: lateMs });
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
    this.asked.push({ claim, outcome, sentMs, atMs, latencyMs: atMs - dueMs });
  }
}

/** Of this thread alone: what other threads start must not have it. */
try {
  setPriority(PRIORITY);
} catch {
  // Only root may; then clients wait like everybody else, and their standstills say so.
}

const asker = new Asker(workerData as AskerOptions, (told) => parentPort?.postMessage(told));
parentPort?.on("message", (order: Order) => void (order === "start" ? asker.start() : asker.pause()));
