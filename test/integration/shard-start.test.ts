/** The command of a shard's container, on real processes: one Redis per volume, whatever Kubernetes starts beside it. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { DATA_DIR } from "../../components/redis-config";
import { shardCommand } from "../../components/shard-start";
import { freePort } from "./redis-servers";

const READY = /Ready to accept connections/;
const WAITING = /waiting for the end of the process that has locked/;

describe("the start of a shard", () => {
  let volume: string;
  let started: Started[];

  beforeEach(() => {
    volume = mkdtempSync(join(tmpdir(), "dedup-shards-volume-"));
    started = [];
  });
  afterEach(async () => {
    for (const one of started) await one.kill("SIGKILL");
    rmSync(volume, { recursive: true });
  });

  async function start(searchPath = process.env["PATH"]): Promise<Started> {
    const one = new Started(volume, await freePort(), searchPath);
    started.push(one);
    return one;
  }

  /** One that is started beside the first. */
  async function second(): Promise<Started> {
    const next = await start();
    await next.says(new RegExp(`${WAITING.source}|${READY.source}`));
    expect(next.output).to.match(WAITING);
    return next;
  }

  it("waits while another process has the volume, and then has every write that was answered", async () => {
    const former = await start();
    await former.says(READY);
    const next = await second();
    const client = former.client();
    for (let i = 0; i < 500; i++) await client.set(`pcs:${i}`, `claim ${i}`, "NX");
    expect(next.output).to.not.contain("Redis is starting");

    await former.kill("SIGKILL");
    await next.says(READY);
    expect(await next.client().dbsize()).to.equal(500);
    expect(await next.client().get("pcs:499")).to.equal("claim 499");
  });

  it("ends at once when it is told so while it waits", async () => {
    const former = await start();
    await former.says(READY);
    const next = await second();
    expect(await next.kill("SIGTERM")).to.equal(143);
    expect(await former.client().ping()).to.equal("PONG");
  });

  it("says so where the image has no flock, and starts all the same", async () => {
    const one = await start(await programs("redis-server", "sh"));
    await one.says(READY);
    expect(one.output).to.contain(
      "warning: this image has no flock; nothing keeps a second Redis away from this volume",
    );
  });

  it("says so where the volume knows no locks, and starts all the same", async () => {
    const folder = await programs("redis-server", "sh");
    writeFileSync(join(folder, "flock"), "#!/bin/sh\necho flock: 9: No locks available >&2\nexit 71\n", {
      mode: 0o755,
    });
    const one = await start(folder);
    await one.says(READY);
    expect(one.output).to.contain("warning: flock: 9: No locks available; nothing keeps a second Redis away");
    expect(one.output).to.not.match(WAITING);
  });

  it("locks no file, which somebody could delete, or for which a full volume has no room", async () => {
    const one = await start();
    await one.says(READY);
    expect(readdirSync(volume)).to.deep.equal(["appendonlydir"]);
  });

  /** A search path with these programs and no others. */
  async function programs(...names: readonly string[]): Promise<string> {
    const folder = join(volume, "bin");
    mkdirSync(folder);
    for (const name of names) symlinkSync(await pathOf(name), join(folder, name));
    return folder;
  }
});

/** A shard's command, with a folder in the place of the pod's volume and settings in the place of the mounted file. */
class Started {
  output = "";
  private readonly process: ChildProcess;
  private readonly clients: Redis[] = [];

  constructor(
    volume: string,
    private readonly port: number,
    searchPath: string | undefined,
  ) {
    const [shell = "", ...args] = shardCommand().map((text) => text.replaceAll(DATA_DIR, volume));
    const settings = { port: String(port), dir: volume, appendonly: "yes", appendfsync: "always", save: "" };
    const mounted = args.splice(-1);
    expect(mounted).to.deep.equal(["/etc/redis/redis.conf"]);
    args.push(...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]));
    this.process = spawn(shell, args, { env: { PATH: searchPath }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
  }

  client(): Redis {
    const client = new Redis({ port: this.port, protocol: 2 });
    client.on("error", () => undefined);
    this.clients.push(client);
    return client;
  }

  /** @throws Error when it ends without having said so */
  async says(line: RegExp): Promise<void> {
    while (!line.test(this.output)) {
      if (this.ended) throw new Error(`ended without ${line}: ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** @returns its exit code; null when the signal ended it */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    for (const client of this.clients) client.disconnect();
    if (!this.ended) {
      this.process.kill(signal);
      await once(this.process, "exit");
    }
    return this.process.exitCode;
  }

  private get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }
}

async function pathOf(program: string): Promise<string> {
  const found = spawn("sh", ["-c", `command -v ${program}`], { stdio: ["ignore", "pipe", "inherit"] });
  let path = "";
  for await (const text of found.stdout.setEncoding("utf8") as AsyncIterable<string>) path += text;
  return path.trim();
}
