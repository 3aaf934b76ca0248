import type { Phase } from "../phases";
import type { GrafanaConfig } from "./grafana";
import type { MetricsConfig } from "./metrics";
import type { MonitoringConfig } from "./monitoring";
import type { NetworkPolicyConfig } from "./network-policy";
import type { RingLockConfig } from "./ring-lock";
import type { RedisConfig } from "./redis";
import type { ReportConfig } from "./report";

export type { RedisConfig } from "./redis";

/** The validated stack configuration. Durations are milliseconds, rates keys per second, sizes keys per batch. */
export interface StackConfig {
  /** The phase that the ring shall be in. */
  readonly migrationPhase: Phase;
  /** Names of the current ring's shards, in ring order. */
  readonly shards: readonly string[];
  /** Names of the target ring's shards, in ring order; the current ring when none is set. */
  readonly targetShards: readonly string[];
  /** Virtual nodes per shard. */
  readonly vnodes: number;
  /** What the backend puts before a `pcs_id` to make the Redis key. */
  readonly keyPrefix: string;
  /** Of the plan that was reviewed: no other one runs. Empty: whatever is planned runs. */
  readonly planDigest: string;
  /** Whether nothing is copied without it. */
  readonly requirePlanDigest: boolean;
  /** The Kubernetes namespace of the shards and the backend. */
  readonly namespace: string;
  /** Redis URLs, without a password, of the shards that this program does not run itself. */
  readonly shardUrls: Readonly<Record<string, string>>;
  /** How engines reach a shard: through the Kubernetes API, or by service DNS. */
  readonly access: "portForward" | "direct";
  /** Who the engines are to the shards, and whom they trust. */
  readonly redis: RedisConfig;
  /** Who may reach the shards that this program runs. */
  readonly networkPolicy: NetworkPolicyConfig;
  /** Whether the API server refuses writes of the ring that raise no epoch. */
  readonly ringLock: RingLockConfig;
  readonly shard: ShardConfig;
  readonly backend: BackendConfig;
  /** Where keys are copied, compared and deleted: in the process of `pulumi up`, or by a Job in the cluster. */
  readonly execution: "local" | "job";
  readonly job: JobConfig;
  readonly copy: CopyConfig;
  readonly verify: VerifyConfig;
  readonly cleanup: CleanupConfig;
  readonly backup: BackupConfig;
  readonly metrics: MetricsConfig;
  readonly monitoring: MonitoringConfig;
  readonly grafana: GrafanaConfig;
  readonly report: ReportConfig;
  /** Shards that go without a look at their keys, because they are dead. */
  readonly forceRemoveShards: readonly string[];
}

/** The pods of the shards that this program runs. Sizes are Kubernetes quantities. */
export interface ShardConfig {
  readonly image: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly cpuRequest: string;
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
  readonly storageSize: string;
  /** Absent: the cluster's default StorageClass. */
  readonly storageClass?: string;
}

/** The backend that reads the ring. */
export interface BackendConfig {
  readonly deployment: string;
  readonly configMap: string;
  /** `patch`: somebody else owns the ConfigMap; `own`: this program declares it. */
  readonly manage: "patch" | "own";
  /** W: a claim's second write is not sent later than this after the first. */
  readonly claimWindowMs: number;
  /** No command of a backend pod takes effect later than this after it was sent. */
  readonly commandTimeoutMs: number;
  /** How long a rolling restart may take, and then the barrier. */
  readonly rolloutTimeoutMs: number;
  /** Whether a Deployment without pods is taken for a backend that serves nobody; else it opens no gate. */
  readonly servesNothing: boolean;
  /** Where pods report `dedup_ring_epoch`, in plain HTTP. Absent: they are not asked. */
  readonly metricsPort?: number;
  readonly metricsPath: string;
}

/** The pods of the Job that does a migration's work, one for each source. */
export interface JobConfig {
  /** Built from this project's Dockerfile; empty: none. */
  readonly image: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  /** How many pods work at once; they share the ceilings of the rates. */
  readonly parallelism: number;
  readonly cpuRequest: string;
  readonly memoryLimit: string;
}

export interface CopyConfig {
  /** Ceiling for the pre-copy, over all sources. */
  readonly keysPerSecond: number;
  /** Ceiling for catch-up and repair, over all sources. */
  readonly catchUpKeysPerSecond: number;
  readonly batchSize: number;
  /** A value larger than this travels alone. */
  readonly bigValueBytes: number;
  /** What other clients of a shard may wait for the sake of the work, ms: then it goes easier. */
  readonly maxSourceLatencyMs: number;
  /** The plan refuses a value whose copy would hold its shards up for longer, ms. */
  readonly maxKeyStallMs: number;
}

export interface VerifyConfig {
  readonly mode: "full" | "sample";
  /** Random movers that `sample` compares. */
  readonly sampleSize: number;
  /** Two expiries that differ by no more than this count as equal. */
  readonly expiryToleranceMs: number;
}

export interface CleanupConfig {
  /** How long after the cutover the old copies stay; 0: they may go at once. */
  readonly ttlWindowMs: number;
  readonly keysPerSecond: number;
  readonly batchSize: number;
}

export interface BackupConfig {
  readonly enabled: boolean;
  /** Run by `sh` per current shard, with REDIS_URL, REDISCLI_AUTH, BACKUP_FILE and SHARD_NAME in its environment. */
  readonly command: string;
  readonly directory: string;
}

/** The plain values of the project's keys as Pulumi hands them out; undefined where the stack sets nothing. */
export type RawStackConfig = Readonly<Record<string, unknown>>;
