/** The reference backend as the process that a pod runs. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../redis-servers";

const ARGS = ["-r", "ts-node/register/transpile-only", "test/lab/backend/server.ts"];

/** An HTTP answer; of status 0 while nobody listens. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What the process is configured with. Shards are named by what their URLs are listed under. */
export interface BackendRings {
  readonly urls: Readonly<Record<string, string>>;
  readonly primary: readonly string[];
  /** Undefined: dual-write is off. */
  readonly secondary?: readonly string[] | undefined;
}

export class BackendProcess {
  private constructor(
    private readonly process: ChildProcess,
    private readonly url: string,
  ) {}

  /** Starts the process. It asks shards for their cards, and listens when it has read its configuration. */
  static async start({ urls, primary, secondary }: BackendRings): Promise<BackendProcess> {
    const port = await freePort();
    const ring = {
      DEDUP_SHARDS: primary.map((name) => urls[name]).join(),
      DEDUP_DUAL_WRITE: String(secondary !== undefined),
      DEDUP_NEW_RING: secondary?.join() ?? "",
      DEDUP_RING_EPOCH: "1",
    };
    const own = { DEDUP_ASK_CARD: "true", BACKEND_SHARD_URLS: JSON.stringify(urls), SHUTDOWN_DELAY_MS: "0" };
    const env = { ...process.env, ...ring, ...own, PORT: String(port) };
    const child = spawn(process.execPath, ARGS, { env, stdio: "ignore" });
    return new BackendProcess(child, `http://127.0.0.1:${port}`);
  }

  async ask(path: string, init: RequestInit = {}): Promise<HttpAnswer> {
    const response = await fetch(`${this.url}${path}`, init).catch(() => undefined);
    if (!response) return { status: 0, body: {} };
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  submit(pcsId: string, claimId = ""): Promise<HttpAnswer> {
    return this.ask(`/submissions/${pcsId}`, { method: "POST", body: "{}", headers: { "X-Claim-Id": claimId } });
  }

  read(pcsId: string): Promise<HttpAnswer> {
    return this.ask(`/submissions/${pcsId}`);
  }

  /** Why shards are refused for their cards; undefined while nobody listens. */
  async refused(): Promise<string[] | undefined> {
    return (await this.ask("/readyz")).body["refused"] as string[] | undefined;
  }

  /** Resolves when it is ready. */
  async ready(): Promise<void> {
    while ((await this.ask("/readyz")).status !== 200) await sleep(20);
  }

  async stop(): Promise<void> {
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
  }
}
