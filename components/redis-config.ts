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

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * @param memoryLimit - a Kubernetes quantity such as `4Gi`.
 * @returns the `maxmemory` of a shard with that limit, in bytes.
 * @throws Error when the text is no quantity of bytes.
 */
export function maxMemoryBytes(memoryLimit: string): number {
  const [, digits, suffix = ""] = /^(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([kMGTPE]|[KMGTPE]i)?$/.exec(memoryLimit) ?? [];
  const bytes = Math.floor(Number(digits) * (BYTES[suffix] ?? NaN) * MAX_MEMORY_SHARE);
  if (!(bytes > 0)) throw new Error(`memoryLimit is ${JSON.stringify(memoryLimit)}; allowed: a quantity such as 4Gi`);
  return bytes;
}

/** @returns `redis.conf`. The password is not in it: with `auth` it includes the mounted Secret. */
export function redisConf({ memoryLimit, auth }: { memoryLimit: string; auth: boolean }): string {
  return [
    "bind * -::*",
    `port ${REDIS_PORT}`,
    "# Other pods are not the local host, so this mode would refuse them all when there is no password.",
    "protected-mode no",
    `dir ${DATA_DIR}`,
    "appendonly yes",
    "appendfsync everysec",
    "# The append-only file is the copy that counts. A snapshot as well would only fork more often.",
    'save ""',
    `maxmemory ${maxMemoryBytes(memoryLimit)}`,
    "# A store of first writes must refuse a write rather than forget an old one.",
    "maxmemory-policy noeviction",
    ...(auth ? [`include ${AUTH_DIR}/auth.conf`] : []),
    "",
  ].join("\n");
}

/** @returns a digest that changes with the text, for an annotation that makes pods restart. */
export const checksum = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * @returns the Secret's files: the one that `redis.conf` includes, and the bare password for `redis-cli`.
 * @throws Error, which does not show the password, when it cannot be handed over in a file or a variable.
 */
export function authFiles(password: string): { "auth.conf": string; password: string } {
  // $(cat file) drops a line break at the end, and no environment variable holds a NUL.
  if (/[\r\n\0]/.test(password)) {
    throw new Error("dedup-shards:redisPassword has a line break or a NUL in it; allowed: a password on one line");
  }
  const quoted = `"${password.replace(/["\\]/g, "\\$&")}"`;
  return { "auth.conf": `requirepass ${quoted}\nmasterauth ${quoted}\n`, password };
}
