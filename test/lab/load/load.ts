/** Load on the backend: somebody asks (see `asker.ts`), and here the books are kept. */
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { RingKeys } from "../ring-keys";
import type { Asked, AskerOptions, Order, Told } from "./asker";
import { Ledger } from "./ledger";
import { Timeline } from "./timeline";

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
  private readonly worker: Worker;
  private readonly ended: Promise<void>;
  private failure: Error | undefined;
  private onPaused: () => void = () => undefined;

  constructor({ url, rate, seed, keys }: LoadOptions) {
    const workerData: AskerOptions = { url, rate, seed, known: [...keys.stored.keys()] };
    const execArgv = ["-r", "ts-node/register/transpile-only"];
    this.worker = new Worker(path.join(__dirname, "asker.ts"), { workerData, execArgv });
    this.worker.on("message", (told: Told) => (told === "paused" ? this.onPaused() : this.enter(told)));
    this.worker.on("error", (error: Error) => (this.failure = error));
    this.ended = new Promise((resolve) => this.worker.once("exit", () => resolve()));
    this.ledger = new Ledger(keys);
  }

  start(): void {
    this.timeline.started(Date.now());
    this.order("start");
  }

  /**
   * Sends nothing more, and waits for the answers that are due. `start` goes on.
   * @throws Error when whoever asked has died
   */
  async pause(): Promise<void> {
    const paused = new Promise<void>((resolve) => (this.onPaused = resolve));
    this.timeline.paused(Date.now());
    this.order("pause");
    await Promise.race([paused, this.ended]);
    if (this.failure) throw this.failure;
  }

  async stop(): Promise<void> {
    try {
      await this.pause();
    } finally {
      await this.worker.terminate();
    }
  }

  private order(order: Order): void {
    this.worker.postMessage(order);
  }

  private enter({ asked, stoodStill }: Exclude<Told, "paused">): void {
    asked.forEach((each) => this.enterOne(each));
    for (const { atMs, ms } of stoodStill) this.timeline.stoodStill(atMs, ms);
  }

  private enterOne({ claim, outcome, sentMs, atMs, latencyMs }: Asked): void {
    const { answer, failedTries } = outcome;
    this.ledger.enter(claim, outcome, { sentMs, answeredMs: atMs });
    this.timeline.add({
      atMs,
      latencyMs,
      failedTries: failedTries.length,
      answer: answer?.answer ?? "error",
    });
    for (const reason of failedTries) this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }
}
