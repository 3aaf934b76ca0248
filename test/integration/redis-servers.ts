/** Real redis-server processes: each on a free port of this machine with a folder of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { authFiles } from "../../components/redis-config";
import { serverCommand, serverKindOf, type ServerKind } from "../support/server-versions";

const READY_WITHIN_MS = 20_000;
const LOOPBACK = "127.0.0.1";
const PORTS_TO_TRY = 5;

/** `TEST_SERVER=valkey-8.1 npm run test:integration` runs all of these tests on another server. */
let usualKind = serverKindOf(process.env["TEST_SERVER"] ?? "redis-7.0");

/** Which servers start from now on where a test does not say. @returns what it was before. */
export function setUsualServer(kind: ServerKind): ServerKind {
  const before = usualKind;
  usualKind = kind;
  return before;
}

/** How a server is started. */
export interface ServerOptions {
  /** @default what {@link setUsualServer} said last, or `TEST_SERVER`, or Redis 7.0 */
  readonly kind?: ServerKind;
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its data survives a restart. */
  readonly persistent?: boolean;
  /** Others than this machine reach only a server with a password. */
  readonly password?: string;
  /** Where it listens. @default 127.0.0.1 */
  readonly host?: string;
  /** More settings, as on the command line of redis-server. */
  readonly settings?: readonly string[];
}

/** How a server is restarted. */
export interface RestartOptions {
  /** Whether its data is taken away meanwhile. */
  readonly empty?: boolean;
  /** How its process is ended: by default as an orderly restart does. */
  readonly signal?: NodeJS.Signals;
  /** What happens while it is away. */
  readonly meanwhile?: () => Promise<unknown>;
  /** More settings, for this once. */
  readonly settings?: readonly string[];
}

/** @returns a port that nobody listens on. */
export async function freePort(host = LOOPBACK): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** One redis-server process and a client of the test's own. */
export class RedisServer {
  readonly client: Redis;
  readonly host: string;
  private process: ChildProcess | undefined;
  private paused = false;

  private constructor(
    readonly port: number,
    private readonly dir: string,
    private readonly options: ServerOptions,
    private readonly kind = options.kind ?? usualKind,
  ) {
    const { host = LOOPBACK, password } = options;
    this.host = host;
    this.client = new Redis({ host, port, protocol: 2, ...(password ? { password } : {}) });
    this.client.on("error", () => undefined);
  }

  /** Starts a server and waits until it answers. Another program may take the port first: then on another one. */
  static async start(options: ServerOptions = {}): Promise<RedisServer> {
    for (let left = PORTS_TO_TRY; ; left--) {
      const dir = mkdtempSync(join(tmpdir(), "dedup-shards-redis-"));
      const server = new RedisServer(await freePort(options.host), dir, options);
      try {
        await server.launch();
        return server;
      } catch (error) {
        await server.stop();
        if (left === 0) throw error;
      }
    }
  }

  get pid(): number {
    return this.process?.pid ?? 0;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  /** Ends the process and starts it again: with its data (if persistent), or empty. */
  async restart({
    empty = false,
    signal = "SIGTERM",
    meanwhile = () => Promise.resolve(),
    settings = [],
  }: RestartOptions = {}): Promise<void> {
    await this.end(signal);
    await meanwhile();
    if (empty) rmSync(join(this.dir, "appendonlydir"), { recursive: true, force: true });
    await this.launch(settings);
  }

  /** The process stays, and answers nothing. */
  pause(): void {
    this.paused = true;
    this.process?.kill("SIGSTOP");
  }

  /** Lets it go on. */
  resume(): void {
    this.paused = false;
    this.process?.kill("SIGCONT");
  }

  /** Ends the process for good and removes its data. */
  async stop(): Promise<void> {
    this.client.disconnect();
    if (this.paused) this.resume();
    await this.end("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async launch(forOnce: readonly string[] = []): Promise<void> {
    const { persistent, password, settings = [], env = {} } = this.options;
    const args = password ? [this.authFile(password)] : [];
    args.push("--port", String(this.port), "--bind", this.host, "--dir", this.dir, "--save", "");
    // Every write reaches the disk at once, so that a restart loses nothing and the tests are exact.
    args.push("--appendonly", persistent ? "yes" : "no", "--appendfsync", "always");
    const [command = "", ...before] = serverCommand(this.kind);
    const child = spawn(command, [...before, ...args, ...settings, ...forOnce], {
      stdio: "ignore",
      env: { ...process.env, ...env },
    });
    this.process = child;
    const ended = once(child, "exit").then(() => false);
    if (!(await Promise.race([this.answers(child), ended])))
      throw new Error(`no redis-server runs on port ${this.port}`);
  }

  /** A file as a shard has it, because Valkey's command line takes no quotes in an argument. */
  private authFile(password: string): string {
    const file = join(this.dir, "auth.conf");
    writeFileSync(file, authFiles(password)["auth.conf"]);
    return file;
  }

  /** Whether the process, and no other one that has the port, answers in time. */
  private async answers({ pid }: ChildProcess): Promise<boolean> {
    for (const deadline = Date.now() + READY_WITHIN_MS; Date.now() < deadline;) {
      // The client's own retries bring it back after a restart.
      const answer = await this.client.ping().catch(() => "");
      if (answer === "PONG") return (await this.client.info("server")).includes(`process_id:${pid}\r\n`);
    }
    return false;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { process } = this;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const exit = once(process, "exit");
    process.kill(signal);
    await exit;
  }
}
