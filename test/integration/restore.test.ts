/** What docs/troubleshooting.md says of a shard that lost its data: how its backup comes back. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../lab/kube";
import { RedisServer } from "./redis-servers";

const KEYS = 300;
/** Nobody waits for further replicas, as on the shards of this program. */
const AT_ONCE = ["--repl-diskless-sync-delay", "0"];
const EXPIRES_AT_MS = Date.now() + 3_600_000;

describe("the backup of a shard that lost its data", function () {
  this.timeout(60_000);
  let folder: string;
  let shard: RedisServer;
  let others: RedisServer[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dedup-shards-restore-"));
    others = [];
    shard = await RedisServer.start({ persistent: true, settings: AT_ONCE });
    for (let i = 0; i < KEYS; i++) await shard.client.set(`pcs:${i}`, `claim ${i}`, "PXAT", EXPIRES_AT_MS);
    execFileSync("redis-cli", ["-u", shard.url, "--rdb", join(folder, "dump.rdb")], { stdio: "ignore" });
  });
  afterEach(async () => {
    for (const server of [shard, ...others]) await server.stop();
    rmSync(folder, { recursive: true });
  });

  async function other(persistent: boolean): Promise<RedisServer> {
    const server = await RedisServer.start({ persistent, settings: [...AT_ONCE, "--dir", folder] });
    others.push(server);
    return server;
  }

  const says = (section: string, ...lines: readonly string[]) =>
    until(lines.join(), async () => {
      const info = await shard.client.info(section);
      return lines.every((line) => info.includes(`${line}\r\n`)) ? true : undefined;
    });

  it("is not read where there is an append-only file to be: that shard would answer everybody as the first", async () => {
    expect(await (await other(true)).client.dbsize()).to.equal(0);
  });

  it("comes back from a Redis of its own, of which the shard is made a replica for a moment", async () => {
    await shard.restart({ empty: true });
    expect(await shard.client.dbsize()).to.equal(0);
    const restored = await other(false);
    await shard.client.replicaof("127.0.0.1", restored.port);
    await says("replication", "master_link_status:up");
    // Until then what came is in memory only.
    await says("persistence", "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0", "aof_last_bgrewrite_status:ok");
    await shard.client.replicaof("NO", "ONE");
    await restored.stop();

    await shard.restart({ signal: "SIGKILL" });
    expect(await shard.client.dbsize()).to.equal(KEYS);
    expect(await shard.client.get("pcs:7")).to.equal("claim 7");
    expect(await shard.client.call("PEXPIRETIME", "pcs:7")).to.equal(EXPIRES_AT_MS);
  });
});
