/** The files that a shard reads. Pure. */
import { createHash } from "node:crypto";
import { REDIS_PORT } from "./shard-identity";

/** Where the files are mounted. Not one inside the other: a mount point cannot be made in a read-only volume. */
export const CONFIG_DIR = "/etc/redis";
export const AUTH_DIR = "/etc/redis-auth";
export const DATA_DIR = "/data";

/**
 * The part of the memory limit that keys may use. The rest is for the pages that a fork (AOF rewrite, backup) copies
 * while clients write, for client buffers and fragmentation; without it the kernel kills the shard instead of Redis
 * refusing a write.
 */
export const MAX_MEMORY_SHARE = 0.75;

/**
 * @returns the `maxmemory` of a shard with a memory limit, both in bytes.
 * @throws Error for a limit that would leave none: 0 is no limit to Redis.
 */
export function maxMemoryBytes(memoryLimitBytes: number): number {
  const bytes = Math.floor(memoryLimitBytes * MAX_MEMORY_SHARE);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new Error(`memoryLimitBytes is ${memoryLimitBytes}; allowed: a number of bytes`);
}

/** @returns `redis.conf`. The password is not in it: with `auth` it includes the mounted Secret. */
export function redisConf({ memoryLimitBytes, auth }: { memoryLimitBytes: number; auth: boolean }): string {
  return [
    "bind * -::*",
    `port ${REDIS_PORT}`,
    "# Other pods are not the local host, so this mode would refuse them all when there is no password.",
    "protected-mode no",
    `dir ${DATA_DIR}`,
    "appendonly yes",
    "# Nothing is acknowledged that is not on disk. With everysec a write waits in memory, answered, while the last",
    "# sync is at work: a shard killed on a slow volume then forgets a claim that a client was told is its own.",
    "appendfsync always",
    "# The append-only file is the copy that counts. A snapshot as well would only fork more often.",
    'save ""',
    "# A backup is read like a replica would read. No replicas come together here, so none is waited for.",
    "repl-diskless-sync-delay 0",
    `maxmemory ${maxMemoryBytes(memoryLimitBytes)}`,
    "# A store of first writes must refuse a write rather than forget an old one.",
    "maxmemory-policy noeviction",
    ...(auth ? [`include ${AUTH_DIR}/auth.conf`] : []),
    "",
  ].join("\n");
}

/** @returns a digest that changes with the text, for an annotation that makes pods restart. */
export const checksum = (text: string): string => createHash("sha256").update(text).digest("hex");

/** An ACL user besides the default one. */
export interface ShardUser {
  readonly name: string;
  /** ACL rules without a password, such as `+get`. */
  readonly rules: readonly string[];
}

/**
 * @returns the Secret's files: the one that `redis.conf` includes, and the bare password for `redis-cli`.
 * @throws Error, which does not show the password, when it cannot be handed over in a file or a variable.
 */
export function authFiles(
  password: string,
  user?: ShardUser & { readonly password: string },
): Record<"auth.conf" | "password", string> {
  // $(cat file) drops a line break at the end, and no environment variable holds a NUL.
  if (/[\r\n\0]/.test(password)) {
    throw new Error("dedup-shards:redisPassword has a line break or a NUL in it; allowed: a password on one line");
  }
  const lines = [`requirepass ${quoted(password)}`, `masterauth ${quoted(password)}`];
  if (user)
    lines.push(["user", user.name, "on", ...[`#${checksum(user.password)}`, ...user.rules].map(quoted)].join(" "));
  return { "auth.conf": `${lines.join("\n")}\n`, password };
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
