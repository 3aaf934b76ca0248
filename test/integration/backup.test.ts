/** The default command of the backup, on shards that redis-cli alone would not come to terms with. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_BACKUP_COMMAND } from "../../migration/config/schema";
import { RedisServer, type ServerOptions } from "./redis-servers";

const REGISTER = "ts-node/register/transpile-only";
const PROGRAM = "migration/entrypoints/with-shard.ts";
const PASSWORD = 'p@ss :/w%rd"$x';
/** No further replicas are waited for, as on the shards of this program. */
const AT_ONCE = ["--repl-diskless-sync-delay", "0"];

describe("the default backup", function () {
  this.timeout(60_000);
  let folder: string;
  let server: RedisServer;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dedup-shards-backup-"))));
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** @returns the exit code, and what is in the snapshot: how many keys a Redis finds there. */
  const backUp = async (options: ServerOptions, urlOf: (server: RedisServer) => string, password: string) => {
    server = await RedisServer.start({ ...options, settings: AT_ONCE });
    for (let i = 0; i < 3; i++) await server.client.set(`pcs:${i}`, "v");
    const file = join(folder, "out", "dump.rdb");
    const env = {
      ...process.env,
      SHARD_NAME: "shard-0",
      SHARD_URL: urlOf(server),
      SHARD_ACCESS: "direct",
      SHARD_NAMESPACE: "test",
      SHARD_COMMAND: DEFAULT_BACKUP_COMMAND,
      REDISCLI_AUTH: password,
      BACKUP_FILE: file,
    };
    const program = spawn(process.execPath, ["-r", REGISTER, PROGRAM], { env, stdio: "ignore" });
    const [code] = (await once(program, "exit")) as [number];
    if (!existsSync(file)) return { code, keys: 0 };
    const restored = await RedisServer.start({ settings: ["--dir", join(folder, "out")] });
    const keys = await restored.client.dbsize();
    await restored.stop();
    return { code, keys };
  };

  const GOOD = { code: 0, keys: 3 };
  const V6 = { host: "::1" };
  const CASES: readonly [string, ServerOptions, (server: RedisServer) => string, string][] = [
    ["an IPv6 address", V6, ({ port }) => `redis://[::1]:${port}`, ""],
    ["an IPv6 address and a database", V6, ({ port }) => `redis://[::1]:${port}/1`, ""],
    ["a password where the shard asks for none", {}, ({ url }) => url, "needless"],
    [
      "an IPv6 address, and a password of every kind",
      { ...V6, password: PASSWORD },
      ({ port }) => `redis://[::1]:${port}`,
      PASSWORD,
    ],
  ];
  for (const [name, options, urlOf, password] of CASES) {
    it(`with ${name}: succeeds, and holds every key`, async () => {
      expect(await backUp(options, urlOf, password)).to.deep.equal(GOOD);
    });
  }

  it("with a wrong password fails, and leaves no file", async () => {
    const { code, keys } = await backUp({ password: "right" }, ({ url }) => url, "wrong");
    expect(code).to.not.equal(0);
    expect(keys).to.equal(0);
  });
});
