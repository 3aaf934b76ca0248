import type { PodMetrics } from "../adapters/backend-view";
import type { ShardAccess, ShardAddress } from "../adapters/open-shards";
import type { ShardLogin } from "../adapters/shard-login";
import type { RedisConfig } from "../config";
import type { MetricSettings } from "../engines/metric-gate";
import type { MigrationRings, Pace } from "../engines/runtime";
import { HashRing } from "../ring/ring";
import type { RingState } from "../phases";

/** Where the shards and the backend are: part of the inputs of every resource here. */
export interface ConnectionInputs {
  /** URLs of the shards that exist, by name. */
  readonly shards: Readonly<Record<string, string>>;
  /** Names of those of them that this program runs; none in states of before. */
  readonly managed?: readonly string[];
  readonly access: "portForward" | "direct";
  readonly namespace: string;
  readonly kubeContext: string;
  readonly configMap: string;
  readonly deployment: string;
}

/** The rings of a migration, as in the stack config. */
export type RingInputs = Omit<RingState, "phase">;

/** How fast and how carefully the engines go: values of the stack config. */
export interface SettingsInputs {
  readonly keysPerSecond: number;
  readonly catchUpKeysPerSecond: number;
  readonly batchSize: number;
  readonly bigValueBytes: number;
  readonly maxSourceLatencyMs: number;
  /** See `CopyConfig`; not in states of before. */
  readonly maxKeyStallMs?: number;
  readonly verifyMode: "full" | "sample";
  readonly sampleSize: number;
  readonly expiryToleranceMs: number;
  readonly ttlWindowMs: number;
  readonly cleanupKeysPerSecond: number;
  readonly cleanupBatchSize: number;
  readonly claimWindowMs: number;
  readonly commandTimeoutMs: number;
  readonly rolloutTimeoutMs: number;
  /** Memory limit of the shards that this program runs, bytes. */
  readonly containerLimitBytes: number;
  /** Whether a backend without pods is taken for one that serves nobody; absent: it opens no gate. */
  readonly servesNothing?: boolean;
  /** Absent: the work is done here. */
  readonly job?: JobInputs;
  /** Of the plan that was reviewed; empty or absent: none is asked for. */
  readonly planDigest?: string;
  /** Absent: the gates on the service's metrics are off. */
  readonly service?: ServiceInputs;
  /** Where progress is shown to Prometheus; absent: nowhere. */
  readonly pushgatewayUrl?: string;
}

/** The Job that does the work in the cluster; see `JobConfig`. */
export interface JobInputs {
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly parallelism: number;
  readonly cpuRequest: string;
  readonly memoryLimit: string;
}

/** Whom to ask for the service's metrics, and what for. */
export interface ServiceInputs extends MetricSettings {
  readonly url: string;
  readonly username?: string;
  readonly caCertificate?: string;
  /** Whether a bake that fails moves the ring back; not in states of before. */
  readonly autoRollback?: boolean;
}

/** Inputs of a step of the migration. */
export interface StepInputs {
  /** How many migrations this stack has opened: rises with every one, and says of which one a result is. */
  readonly migration: number;
  /**
   * The ring epoch to do the work in. An `up` that died may have left a step in an older one with the same phase: what
   * that did no longer counts.
   */
  readonly epoch: number;
  /** The phase whose work is to be done, or `none`. */
  readonly work: string;
  /** The stack by the name of its first `up`; not in states of before. */
  readonly stack?: string;
  readonly ring: RingInputs;
  readonly connection: ConnectionInputs;
  readonly settings: SettingsInputs;
}

/** Inputs of the bake, which may have to move the ring back. */
export interface BakeInputs extends StepInputs {
  /** Where pods say which epoch they run. */
  readonly metrics?: PodMetrics;
}

/** What a step found before, as long as it is the same migration. */
export const resultsOf = <T extends Partial<Pick<StepInputs, "migration">>>(
  olds: T,
  news: Pick<StepInputs, "migration">,
): Partial<T> => (olds.migration === news.migration ? olds : {});

/** What the provider shell hands over besides the resource's own properties; never part of any output. */
export interface Secrets {
  readonly redisPassword?: string | undefined;
  readonly redisUserPassword?: string | undefined;
  readonly redisClientKey?: string | undefined;
  /** The config section, an object as Pulumi hands it over: JSON. No secret, but long, and no reason to do work again. */
  readonly redis?: unknown;
  readonly metricsToken?: string | undefined;
  readonly metricsPassword?: string | undefined;
  readonly grafanaToken?: string | undefined;
  /** An object as Pulumi hands it over: JSON. Its `webhookUrl` lets whoever knows it send messages. */
  readonly notify?: unknown;
  /** A list of names as Pulumi hands it over: JSON. */
  readonly forceRemoveShards?: unknown;
}

/** Whether a shard that goes is to go without a look at its keys. */
export function isForced(shard: string, { forceRemoveShards }: Secrets): boolean {
  const names = fromPulumi(forceRemoveShards);
  return Array.isArray(names) && names.includes(shard);
}

/** Where messages are sent to; undefined: nowhere. */
export function webhookUrlOf({ notify }: Secrets): string | undefined {
  return (fromPulumi(notify) as { readonly webhookUrl?: string } | undefined)?.webhookUrl;
}

/** Who the engine is to the shards: a user of its own, where one is configured. */
export function loginOf({ redis, redisPassword, redisUserPassword, redisClientKey }: Secrets): ShardLogin {
  const login = fromPulumi(redis) as RedisConfig | undefined;
  const password = login?.username === undefined ? redisPassword : redisUserPassword;
  return { ...login, ...(password ? { password } : {}), ...(redisClientKey ? { clientKey: redisClientKey } : {}) };
}

const fromPulumi = (value: unknown): unknown => (typeof value === "string" ? JSON.parse(value) : value);

/** Rises when the shape of outputs changes, so that later code can read older states. */
export const STATE_VERSION = 1;

/** Both rings of a migration. */
export function ringsOf({ shards, targetShards, vnodes, keyPrefix }: RingInputs): MigrationRings {
  return { current: new HashRing(shards, vnodes), target: new HashRing(targetShards, vnodes), keyPrefix };
}

/** The shards of a connection as the adapters want them. */
export const addressesOf = ({ shards }: ConnectionInputs): readonly ShardAddress[] =>
  Object.entries(shards).map(([name, url]) => ({ name, url }));

/** How to open the shards of a resource. */
export function accessOf(
  inputs: Pick<StepInputs, "connection" | "ring">,
  secrets: Secrets,
  patient = true,
): ShardAccess {
  const { access, namespace, kubeContext } = inputs.connection;
  return {
    access,
    namespace,
    keyPrefix: inputs.ring.keyPrefix,
    patient,
    ...(kubeContext ? { kubeContext } : {}),
    login: loginOf(secrets),
  };
}

/** Memory limits of the shards that this program runs, by name. */
export function containerLimits({ connection, settings }: Pick<StepInputs, "connection" | "settings">) {
  const { managed = [] } = connection;
  return Object.fromEntries(managed.map((name) => [name, settings.containerLimitBytes]));
}

/** The pace of catch-up and repair. */
export function repairPace(settings: SettingsInputs): Pace {
  const { catchUpKeysPerSecond: keysPerSecond, batchSize, bigValueBytes, maxSourceLatencyMs } = settings;
  return { keysPerSecond, batchSize, bigValueBytes, maxSourceLatencyMs };
}

/** Progress lines: the engine shows them live under the stack. */
export const log = (line: string): void => console.log(line);
