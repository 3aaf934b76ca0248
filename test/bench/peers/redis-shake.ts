/** RedisShake (https://github.com/tair-opensource/RedisShake), where its binary is on PATH. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { RedisServer } from "../../integration/redis-servers";

const BINARY = "redis-shake";
/** Its best: by its own default it scans one key at a time. */
const COUNT = 1_000;
const address = ({ host, port }: RedisServer) => `${host}:${port}`;

/** Whether there is one to be measured. */
export const hasRedisShake = (): boolean => spawnSync(BINARY, ["--version"]).error === undefined;

/** Copies all keys of one server to another, and ends. */
export async function redisShake(from: RedisServer, to: RedisServer): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), "dedup-shards-redis-shake-"));
  const file = path.join(dir, "shake.toml");
  writeFileSync(
    file,
    [
      ...["[scan_reader]", `address = "${address(from)}"`, "scan = true", "ksn = false", `count = ${COUNT}`],
      ...["[redis_writer]", `address = "${address(to)}"`],
      ...["[advanced]", `dir = "${dir}"`, 'rdb_restore_command_behavior = "rewrite"', "status_port = 0"],
    ].join("\n"),
  );
  try {
    await promisify(execFile)(BINARY, [file], { cwd: dir, maxBuffer: 2 ** 26 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
