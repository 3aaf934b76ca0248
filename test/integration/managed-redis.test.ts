/** What docs/guides/managed-redis.md says of managed services, on servers with their restrictions. */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openShards } from "../../migration/adapters/open-shards";
import { DEFAULT_BACKUP_COMMAND } from "../../migration/config/schema";
import { RequestProxy } from "../support/request-proxy";
import { PaperCluster } from "./paper-cluster";
import { PaperStack } from "./paper-stack";
import { RedisServer } from "./redis-servers";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const without = (...commands: readonly string[]) => commands.flatMap((command) => ["--rename-command", command, ""]);
const ELASTICACHE = [
  "BGREWRITEAOF",
  "BGSAVE",
  "CONFIG",
  "DEBUG",
  "MIGRATE",
  "REPLICAOF",
  "SAVE",
  "SHUTDOWN",
  "SLAVEOF",
  "SYNC",
];
const MEMORYSTORE = [
  ...["ACL", "BGREWRITEAOF", "BGSAVE", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "LASTSAVE", "MIGRATE"],
  ...["MONITOR", "OBJECT", "SHUTDOWN", "REPLICAOF", "SAVE"],
];
const PROGRAM = ["-r", "ts-node/register/transpile-only", "migration/entrypoints/with-shard.ts"];

describe("managed services", function () {
  this.timeout(120_000);

  for (const [name, commands] of [
    ["ElastiCache", ELASTICACHE],
    ["Memorystore", MEMORYSTORE],
  ] as const) {
    it(`a whole migration needs none of the commands that ${name} forbids`, async () => {
      const [lab, cluster] = await Promise.all([
        RingLab.start(THREE, FOUR, { settings: without(...commands) }),
        PaperCluster.start(),
      ]);
      const inDatabase = new Map([...lab.servers].map(([shard, { url }]) => [shard, { url: `${url}/1` }]));
      const stack = new PaperStack({ rings: lab.rings, servers: inDatabase }, cluster);
      for (const { client } of lab.servers.values()) await client.select(1);
      await lab.fill(200);
      for (const phase of ["stable", "plan", "copy", "dualWrite", "cutover", "cleanup"] as const) await stack.up(phase);
      const [found, wanted] = [await lab.placement(lab.rings.target), lab.allRight(lab.rings.target)];
      cluster.stop();
      await lab.stop();
      expect(found).to.deep.equal(wanted);
    });
  }

  describe("one shard", () => {
    let server: RedisServer;
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dedup-shards-managed-"))));
    afterEach(async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    });

    const backUp = (command: string) => {
      const env = {
        ...process.env,
        ...{ SHARD_NAME: "shard-0", SHARD_URL: server.url, SHARD_ACCESS: "direct", SHARD_NAMESPACE: "test" },
        ...{ SHARD_COMMAND: command, REDISCLI_AUTH: "", BACKUP_FILE: join(folder, "shard-0.rdb") },
      };
      return spawnSync(process.execPath, PROGRAM, { env, encoding: "utf8" });
    };

    it("without SYNC the default backup fails, so that nothing is copied, and a snapshot of the service does instead", async () => {
      server = await RedisServer.start({ settings: without("SYNC", "PSYNC") });
      const { status, stderr } = backUp(DEFAULT_BACKUP_COMMAND);
      expect(status).to.not.equal(0);
      expect(stderr).to.match(
        /the backup of shard-0 failed: its command ended with exit code \d+\. Nothing has been copied/,
      );
      expect(readdirSync(folder)).to.deep.equal([]);
      expect(backUp('echo "$SHARD_NAME-1" > "$BACKUP_FILE"').status).to.equal(0);
      expect(readdirSync(folder)).to.deep.equal(["shard-0.rdb"]);
    });

    it("a SELECT that is answered and does nothing is noticed", async () => {
      server = await RedisServer.start();
      const proxy = await RequestProxy.start(server.port);
      proxy.judge = ({ words }) => (words[0] === "SELECT" ? { answer: "+OK\r\n" } : undefined);
      const url = `redis://127.0.0.1:${proxy.port}/1`;
      const access = { access: "direct", namespace: "test", keyPrefix: "pcs:", patient: false, login: {} } as const;
      const open = await openShards([{ name: "a", url }], access);
      const error = await errorOf(open.shards[0]?.info() ?? Promise.resolve());
      open.close();
      await proxy.stop();
      expect(error.message).to.equal(
        `a at ${url} refused: ERR the connection is in database 0, not in 1. Its server accepts SELECT and ignores it: give the ` +
          "shard a server of its own, and a URL without a database.",
      );
    });
  });
});
