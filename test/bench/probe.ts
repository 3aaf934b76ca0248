/** A live client beside the engines: asks a shard for a key a thousand times a second, from a process of its own. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { RedisServer } from "../integration/redis-servers";

/** What the client waited for its answers, in milliseconds. */
export interface Waits {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class Probe {
  private constructor(private readonly process: ChildProcess) {}

  /** Returns when the client is connected. */
  static async start({ host, port }: RedisServer): Promise<Probe> {
    const child = fork(path.join(__dirname, "probe-client.ts"), [host, String(port)], {
      execArgv: ["-r", "ts-node/register/transpile-only"],
    });
    await once(child, "message");
    return new Probe(child);
  }

  /** Forgets what was measured so far. */
  begin(): void {
    this.process.send("begin");
  }

  /** @returns what was measured since `begin`. */
  async end(): Promise<Waits> {
    this.process.send("end");
    const [waits] = (await once(this.process, "message")) as [Waits];
    return waits;
  }

  stop(): void {
    this.process.kill();
  }
}
