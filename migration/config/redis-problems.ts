import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { keyOf, show, type ConfigProblem } from "./config-error";
import { DEFAULT_BACKUP_COMMAND, type ParsedConfig } from "./schema";
import type { RawStackConfig } from "./stack-config";

/** @returns what is wrong with the section `redis` as a whole, and with the secrets that go with it: never with a secret. */
export function redisProblems(config: Partial<ParsedConfig>, raw: RawStackConfig): ConfigProblem[] {
  const { redis } = config;
  const { redisPassword, redisUserPassword } = raw;
  const passwords = [
    ...lineProblems("redisPassword", redisPassword),
    ...lineProblems("redisUserPassword", redisUserPassword),
  ];
  if (redis === undefined) return passwords;
  return [
    ...passwords,
    ...userProblems(redis.username, Boolean(redisUserPassword)),
    ...defaultUserProblems(redis.username, Boolean(redisPassword), config),
    ...certificateProblems("caCertificate", redis.caCertificate),
    ...certificateProblems("clientCertificate", redis.clientCertificate),
    ...keyProblems(redis.clientCertificate, raw["redisClientKey"]),
    ...prefixProblems(redis.username, config.keyPrefix ?? ""),
    ...backupProblems(config),
  ];
}

const problem = (path: readonly string[], value: string, allowed: string): ConfigProblem[] => [
  { key: keyOf(...path), value, allowed },
];

/** A password is handed over in a file, by `$(cat file)`, and in a variable: none of these holds every character. */
function lineProblems(key: string, password: unknown): ConfigProblem[] {
  if (typeof password !== "string" || !/[\r\n\0]/.test(password)) return [];
  return problem([key], "a text with a line break or a NUL in it", "a password on one line");
}

function userProblems(username: string | undefined, hasPassword: boolean): ConfigProblem[] {
  if (username === "default") return problem(["redis", "username"], '"default"', "a user of the engine's own");
  if (username !== undefined && !hasPassword) {
    return problem(["redisUserPassword"], "not set", "the password of dedup-shards:redis.username");
  }
  if (username === undefined && hasPassword) {
    return problem(["redisUserPassword"], "set", "only with dedup-shards:redis.username");
  }
  return [];
}

/** With a default user whom nobody asks for a password, the other one's rights limit nobody. */
function defaultUserProblems(username: string | undefined, hasPassword: boolean, config: Partial<ParsedConfig>) {
  const { shards = [], targetShards = [], shardUrls = {} } = config;
  const runsShards = [...shards, ...targetShards].some((name) => !Object.hasOwn(shardUrls, name));
  if (username === undefined || hasPassword || !runsShards) return [];
  return problem(["redisPassword"], "not set", "a password, because dedup-shards:redis.username is set");
}

function certificateProblems(field: "caCertificate" | "clientCertificate", pem: string | undefined): ConfigProblem[] {
  const blocks = pem?.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.every(certificateOf)) return [];
  return problem(["redis", field], "a text that is no certificate", "certificates in PEM");
}

function keyProblems(clientCertificate: string | undefined, key: unknown): ConfigProblem[] {
  const has = typeof key === "string" && key !== "";
  if (clientCertificate === undefined) {
    return has ? problem(["redisClientKey"], "set", "only with dedup-shards:redis.clientCertificate") : [];
  }
  const allowed = "the private key of dedup-shards:redis.clientCertificate, in PEM";
  if (!has) return problem(["redisClientKey"], "not set", allowed);
  const privateKey = keyFrom(key);
  if (!privateKey) return problem(["redisClientKey"], "a text that is no private key", allowed);
  const certificate = certificateOf(clientCertificate);
  if (!certificate || certificate.checkPrivateKey(privateKey)) return [];
  return problem(["redisClientKey"], "the key of another certificate", allowed);
}

/** Redis has no ACL rule with white space in it: a shard would not start with one. */
function prefixProblems(username: string | undefined, keyPrefix: string): ConfigProblem[] {
  if (username === undefined || !/[\s\0]/.test(keyPrefix)) return [];
  return problem(["keyPrefix"], show(keyPrefix), "no white space, because dedup-shards:redis.username is set");
}

/** The default command knows of no certificates. */
function backupProblems({ redis, backup, shards = [], shardUrls = {} }: Partial<ParsedConfig>): ConfigProblem[] {
  const isTls = shards.some((name) => shardUrls[name]?.startsWith("rediss:"));
  if (!isTls || !backup?.enabled || backup.command !== DEFAULT_BACKUP_COMMAND) return [];
  if (redis?.caCertificate === undefined && redis?.clientCertificate === undefined) return [];
  const allowed =
    "a command that knows the certificates (redis-cli --cacert … --cert … --key …), because of dedup-shards:redis";
  return problem(["backup", "command"], "the default", allowed);
}

const certificateOf = (pem: string): X509Certificate | undefined => orNothing(() => new X509Certificate(pem));
const keyFrom = (pem: string): KeyObject | undefined => orNothing(() => createPrivateKey(pem));

function orNothing<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
