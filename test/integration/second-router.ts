/** A router in another language, written from docs/reference/backend-contract.md alone: does the page say enough? */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { CACHE_DIR, findProgram, REPO_ROOT, run, timed } from "../lab/machine";
import { sourceKey } from "../lab/toolchain";
import { KEY_PREFIX, type Addresses, type Answer, type Claim, type Config, type Read, type Router } from "./routers";

const SOURCES = path.join(REPO_ROOT, "test/second-router");

interface Reply {
  readonly id: number;
  readonly answer?: string;
  readonly shard?: string;
  readonly checksum?: string;
  readonly error?: string;
}

/** What a pod was configured with, in rings of any number of shards. It asks them for their cards. */
export interface RouterRings {
  /** `host:port` of each shard, by its name. */
  readonly shards: Readonly<Record<string, string>>;
  readonly primary: readonly string[];
  /** Null: dual-write is off. */
  readonly secondary: readonly string[] | null;
}

const RING = { vnodes: 150, keyPrefix: KEY_PREFIX } as const;

const settingsOf = ({ primary, secondary, asksCard, namespace }: Config) => ({
  ...RING,
  primary: [primary],
  secondary: secondary && [secondary],
  askCard: asksCard,
  namespace,
});

async function build(): Promise<string> {
  const dir = path.join(CACHE_DIR, "tools");
  const out = path.join(dir, `second-router-${sourceKey(SOURCES)}`);
  if (existsSync(out)) return out;
  const go = findProgram("go", `${process.env["PATH"] ?? ""}:/usr/local/go/bin`);
  if (go === undefined) throw new Error("there is no Go (1.22 or newer) to build test/second-router with: install it");
  mkdirSync(dir, { recursive: true });
  const unfinished = `${out}.${process.pid}`;
  await timed("building test/second-router", async () => {
    const code = await run(go, ["build", "-buildvcs=false", "-o", unfinished, "."], { cwd: SOURCES });
    if (code !== 0) throw new Error("building test/second-router failed, see above");
  });
  renameSync(unfinished, out);
  return out;
}

/** The process, which answers many requests side by side. */
export class SecondRouter implements Router {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly pending = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  private nextId = 1;

  /** Builds the program where that has not been done, and starts it. */
  static async start(): Promise<SecondRouter> {
    return new SecondRouter(await build());
  }

  private constructor(program: string) {
    this.process = spawn(program);
    this.process.stderr.pipe(process.stderr);
    this.process.stdin.on("error", () => undefined); // its end is told below
    this.process.on("exit", () => {
      for (const { reject } of this.pending.values()) reject(new Error("the second router ended"));
    });
    createInterface(this.process.stdout).on("line", (line) => {
      const reply = JSON.parse(line) as Reply;
      this.pending.get(reply.id)?.resolve(reply);
      this.pending.delete(reply.id);
    });
  }

  async pick(vnodes: number, shards: readonly string[], pcsId: string): Promise<string> {
    return String((await this.ask({ op: "pick", vnodes, shards, key: pcsId })).shard);
  }

  async checksum(ring: Readonly<Record<string, string>>): Promise<string> {
    return String((await this.ask({ op: "checksum", ring })).checksum);
  }

  async claim(shards: Addresses, config: Config, claim: Claim): Promise<Answer> {
    const reply = await this.ask({ op: "claim", shards, ...settingsOf(config), claimWindowMs: 5_000, ...claim });
    return reply as Reply & Answer;
  }

  /** A claim on rings of any number of shards. */
  async claimOn(rings: RouterRings, claim: Claim): Promise<Answer> {
    const asked = { op: "claim", ...RING, ...rings, askCard: true, claimWindowMs: 5_000, ...claim };
    return (await this.ask(asked)) as Reply & Answer;
  }

  /** A read on rings of any number of shards. */
  async readOn(rings: RouterRings, pcsId: string): Promise<Read> {
    return (await this.ask({ op: "read", ...RING, ...rings, askCard: true, pcsId })) as Reply & Read;
  }

  async read(shards: Addresses, config: Config, pcsId: string): Promise<Read> {
    return (await this.ask({ op: "read", shards, ...settingsOf(config), pcsId })) as Reply & Read;
  }

  async stop(): Promise<void> {
    const exit = once(this.process, "exit");
    this.process.stdin.end();
    await exit;
  }

  private async ask(request: object): Promise<Reply> {
    const id = this.nextId++;
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.process.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    });
    if (reply.error !== undefined) throw new Error(`the second router: ${reply.error}`);
    return reply;
  }
}
