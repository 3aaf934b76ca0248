/**
 * Runs a command with a way to one shard in its environment: `REDIS_URL`, `REDISCLI_AUTH` and whatever it was given.
 * Used for backups, so that they reach a shard as the engines do. Nothing is ever written over: a BACKUP_FILE that exists
 * is the backup, and is kept; a new one is written in a folder of its own first, and moved when the command succeeds.
 *
 *   SHARD_NAME, SHARD_URL, SHARD_ACCESS, SHARD_NAMESPACE, SHARD_KUBE_CONTEXT, SHARD_COMMAND; REDISCLI_AUTH, BACKUP_FILE
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openBackupWay, passwordFor } from "../adapters/redis/backup-way";
import { messageOf } from "../engines/errors";
import { withHelp } from "../help";

function main(env: NodeJS.ProcessEnv): Promise<number> {
  const file = env["BACKUP_FILE"];
  if (!file) return runWithShard(env);
  if (existsSync(file)) {
    console.log(`${file} exists and is kept`);
    return Promise.resolve(0);
  }
  return backUpTo(file, env);
}

async function backUpTo(file: string, env: NodeJS.ProcessEnv): Promise<number> {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  const unfinished = mkdtempSync(join(folder, ".unfinished-"));
  try {
    const code = await runWithShard({ ...env, BACKUP_FILE: join(unfinished, basename(file)) });
    if (code !== 0) {
      console.error(
        withHelp(
          `the backup of ${env["SHARD_NAME"] ?? ""} failed: its command ended with exit code ${code}. Nothing has been ` +
            "copied: mend what it says above, then run `pulumi up` again.",
        ),
      );
      return code;
    }
    // Whatever the command made there: a compressed snapshot has another name.
    const made = readdirSync(unfinished);
    if (made.length === 0) console.log("the command left no file beside BACKUP_FILE: its success is all that is known");
    for (const name of made) {
      if (existsSync(join(folder, name))) console.log(`${join(folder, name)} exists and is kept`);
      else renameSync(join(unfinished, name), join(folder, name));
    }
    return 0;
  } finally {
    rmSync(unfinished, { recursive: true });
  }
}

async function runWithShard(env: NodeJS.ProcessEnv): Promise<number> {
  const address = { name: env["SHARD_NAME"] ?? "", url: env["SHARD_URL"] ?? "" };
  const how = {
    access: env["SHARD_ACCESS"] === "direct" ? ("direct" as const) : ("portForward" as const),
    namespace: env["SHARD_NAMESPACE"] ?? "",
    ...(env["SHARD_KUBE_CONTEXT"] ? { kubeContext: env["SHARD_KUBE_CONTEXT"] } : {}),
  };
  const { REDISCLI_AUTH: given, ...others } = env;
  // Empty means no password to the program, but an empty password to redis-cli.
  const password = given ? await passwordFor(address, how, given) : undefined;
  const way = await openBackupWay(address, how);
  const command = spawn("sh", ["-c", env["SHARD_COMMAND"] ?? "false"], {
    env: { ...others, ...(password ? { REDISCLI_AUTH: password } : {}), REDIS_URL: way.url },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise<number>((resolve) => command.on("close", (status) => resolve(status ?? 1)));
  way.close();
  return code;
}

main(process.env).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(withHelp(messageOf(error)));
    process.exit(1);
  },
);
