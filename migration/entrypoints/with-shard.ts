/**
 * Runs a command with a way to one shard in its environment: `REDIS_URL`, `REDISCLI_AUTH` and whatever it was given.
 * Used for backups, so that they reach a shard as the engines do.
 *
 *   SHARD_NAME, SHARD_URL, SHARD_ACCESS, SHARD_NAMESPACE, SHARD_KUBE_CONTEXT, SHARD_COMMAND; REDISCLI_AUTH, BACKUP_FILE (its folder is made)
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { openEndpoint } from "../adapters/open-shards";

async function main(env: NodeJS.ProcessEnv): Promise<number> {
  const address = { name: env["SHARD_NAME"] ?? "", url: env["SHARD_URL"] ?? "" };
  const way = await openEndpoint(address, {
    access: env["SHARD_ACCESS"] === "direct" ? "direct" : "portForward",
    namespace: env["SHARD_NAMESPACE"] ?? "",
    ...(env["SHARD_KUBE_CONTEXT"] ? { kubeContext: env["SHARD_KUBE_CONTEXT"] } : {}),
  });
  const { REDISCLI_AUTH: password, ...others } = env;
  if (env["BACKUP_FILE"]) mkdirSync(dirname(env["BACKUP_FILE"]), { recursive: true });
  const command = spawn("sh", ["-c", env["SHARD_COMMAND"] ?? "false"], {
    // Empty means no password to the program, but an empty password to redis-cli.
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
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
