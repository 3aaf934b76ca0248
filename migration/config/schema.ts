import { z } from "zod";
import { PHASES } from "../phases";
import { PLAN_DIGEST_OR_NONE } from "../plan/digest";
import { grafana } from "./grafana";
import { metrics } from "./metrics";
import { monitoring } from "./monitoring";
import { networkPolicy } from "./network-policy";
import { ringLock } from "./ring-lock";
import { redis } from "./redis";
import { report } from "./report";
import { dnsLabel, durationMs, integer, OBJECT_NAME, objectName, oneOf, quantity, section, text } from "./values";

/** The engines keep their locks, tokens and checkpoints under keys that start with this, on the shards themselves. */
export const RESERVED_KEY_PREFIX = "dedup-shards:";

/** The backend lists shard names and URLs with commas between them. */
const shardName = text(
  /^(?!\s)[^,\p{Cc}\p{Cs}]+(?<!\s)$/u,
  "a shard name: not empty, no comma, no control character, no space at either end",
);

const names = z.array(shardName, "a list of shard names");

/** Redis has no larger strings. */
const MAX_VALUE_BYTES = 512 * 1024 * 1024;
/** Far above what any ring needs, and far below where timers overflow (2^31 ms) and sums lose precision. */
const MAX_WAIT_MS = 3_600_000;
const MAX_ROLLOUT_MS = 86_400_000;
const MAX_KEYS_PER_SECOND = 1_000_000;
const MAX_SAMPLE = 1_000_000;

const keyPrefix = z
  .string("a string")
  .min(1, "at least one character: without a prefix every key on a shard would count")
  .refine(
    (prefix) => !prefix.startsWith(RESERVED_KEY_PREFIX) && !RESERVED_KEY_PREFIX.startsWith(prefix),
    `a prefix that does not overlap with ${RESERVED_KEY_PREFIX}, under which the migration keeps its own keys`,
  )
  // Pulumi makes text of whatever stands in the YAML.
  .refine(
    (prefix) => Number.isNaN(Number(prefix)) && !/^(true|false|null)$/.test(prefix),
    "text such as pcs: that is not just a number, true, false or null",
  );

const storageClass = text(OBJECT_NAME, "the name of a StorageClass; leave the field out for the cluster's default");

const shard = section({
  image: text(/^[^\s]+$/, "an image reference without spaces, such as redis:7-alpine").default("redis:7-alpine"),
  imagePullPolicy: oneOf(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
  cpuRequest: quantity("1m", "1k", "500m or 2").default("500m"),
  cpuLimit: quantity("1m", "1k", "500m or 2").default("2"),
  memoryRequest: quantity("16Mi", "16Ti", "2Gi").default("2Gi"),
  memoryLimit: quantity("16Mi", "16Ti", "4Gi").default("4Gi"),
  storageSize: quantity("16Mi", "1Pi", "10Gi").default("10Gi"),
  storageClass: z.exactOptional(storageClass),
});

const backend = section({
  deployment: objectName.default("backend"),
  configMap: objectName.default("backend-config"),
  manage: oneOf(["patch", "own"]).default("patch"),
  claimWindowMs: integer(1, MAX_WAIT_MS).default(5_000),
  commandTimeoutMs: integer(1, MAX_WAIT_MS).default(5_000),
  rolloutTimeoutMs: integer(1_000, MAX_ROLLOUT_MS).default(600_000),
  servesNothing: z.boolean("true or false").default(false),
  metricsPort: z.exactOptional(integer(1, 65_535)),
  metricsPath: text(/^\/[!-"$-~]*$/, "a path that starts with a slash, such as /metrics").default("/metrics"),
});

const copy = section({
  keysPerSecond: integer(1, MAX_KEYS_PER_SECOND).default(1_000),
  catchUpKeysPerSecond: integer(1, MAX_KEYS_PER_SECOND).default(5_000),
  batchSize: integer(1, 1_000).default(100),
  bigValueBytes: integer(1, MAX_VALUE_BYTES).default(262_144),
  maxSourceLatencyMs: integer(1, 60_000).default(5),
  maxKeyStallMs: integer(1, MAX_WAIT_MS).default(250),
});

const job = section({
  image: text(/^[^\s]*$/, "an image reference without spaces, such as registry.example.com/dedup-shards:1").default(""),
  imagePullPolicy: oneOf(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
  parallelism: integer(1, 1_000).default(4),
  cpuRequest: quantity("1m", "1k", "500m or 2").default("500m"),
  memoryLimit: quantity("64Mi", "16Ti", "256Mi").default("256Mi"),
});

const verify = section({
  mode: oneOf(["full", "sample"]).default("full"),
  sampleSize: integer(1, MAX_SAMPLE).default(10_000),
  expiryToleranceMs: integer(0, MAX_WAIT_MS).default(1_000),
});

const cleanup = section({
  ttlWindow: durationMs.prefault("14d"),
  keysPerSecond: integer(1, MAX_KEYS_PER_SECOND).default(5_000),
  batchSize: integer(1, 10_000).default(1_000),
});

export const DEFAULT_BACKUP_COMMAND = 'redis-cli -u "$REDIS_URL" --rdb "$BACKUP_FILE"';

const backup = section({
  enabled: z.boolean("true or false").default(true),
  command: text(/\S/, "a shell command").default(DEFAULT_BACKUP_COMMAND),
  directory: text(/\S/, "the path of a directory").default("backups"),
});

/**
 * The schema of every config key, with its default. The defaults stand in Pulumi.yaml too; those of objects apply
 * here, field by field, because a stack that sets one field of an object drops the other defaults of Pulumi.yaml.
 */
export const SCHEMA = {
  migrationPhase: oneOf(PHASES).default("stable"),
  shards: names.min(1, "a list of at least one shard name").prefault([]),
  targetShards: names.default([]),
  vnodes: integer(1, 10_000).default(150),
  keyPrefix: keyPrefix.default("pcs:"),
  planDigest: text(
    PLAN_DIGEST_OR_NONE,
    "the digest of a plan, as pulumi stack output migrationPlan --json | jq -r .digest prints it",
  ).default(""),
  requirePlanDigest: z.boolean("true or false").default(false),
  namespace: dnsLabel.default("fractal-lba"),
  shardUrls: z.record(z.string(), z.string("a redis:// or rediss:// URL"), "an object: shard name → URL").default({}),
  access: oneOf(["portForward", "direct"]).default("portForward"),
  redis: redis.prefault({}),
  networkPolicy: networkPolicy.prefault({}),
  ringLock: ringLock.prefault({}),
  shard: shard.prefault({}),
  backend: backend.prefault({}),
  execution: oneOf(["local", "job"]).default("local"),
  job: job.prefault({}),
  copy: copy.prefault({}),
  verify: verify.prefault({}),
  cleanup: cleanup.prefault({}),
  backup: backup.prefault({}),
  metrics: metrics.prefault({}),
  monitoring: monitoring.prefault({}),
  grafana: grafana.prefault({}),
  report: report.prefault({}),
  forceRemoveShards: names.default([]),
};

/** What the schemas make of the raw values. */
export type ParsedConfig = { readonly [K in keyof typeof SCHEMA]: z.output<(typeof SCHEMA)[K]> };
