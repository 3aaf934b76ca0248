/** What a shard's pod is made of. Fit for the pod security standard "restricted". */
import type { types } from "@pulumi/kubernetes";
import type { Input } from "@pulumi/pulumi";
import { AUTH_DIR, CONFIG_DIR, DATA_DIR } from "./redis-config";
import { exporterContainer } from "./shard-exporter";
import { REDIS_PORT, SHARDS_APP } from "./shard-identity";
import { shardLifecycle } from "./shard-probes";
import { shardCommand } from "./shard-start";

/** The user of the official image; Debian's package has no fixed one. */
const REDIS_UID = 999;

/** Time for Redis to write and sync what is left. More than the default, because a volume may be slow. */
const TERMINATION_GRACE_SECONDS = 60;

/** What the pods of all shards have in common. */
export interface ShardPodArgs {
  /**
   * The image, with `redis-server`, `redis-cli` and `sh` on its PATH, and better `flock`: Redis 7.0 or newer, or Valkey 8. In
   * Valkey's official images these are links to its own programs (`make install`, https://github.com/valkey-io/valkey/pull/193).
   */
  readonly image: Input<string>;
  /** `Always`, `IfNotPresent` or `Never`. */
  readonly imagePullPolicy: Input<string>;
  /** CPU that is reserved, as a Kubernetes quantity. */
  readonly cpuRequest: Input<string>;
  /** CPU that is not exceeded. */
  readonly cpuLimit: Input<string>;
  /** Memory that is reserved. */
  readonly memoryRequest: Input<string>;
  /** Memory that is not exceeded; Redis takes 75 % of it for keys. */
  readonly memoryLimit: Input<string>;
  /** Size of a new shard's volume. A volume that exists stays as it is. */
  readonly storageSize: Input<string>;
  /** StorageClass of a new shard's volume. @default the cluster's */
  readonly storageClass?: Input<string> | undefined;
  /** Image of the exporter that runs beside Redis. @default no exporter */
  readonly exporterImage?: Input<string> | undefined;
}

/** The objects that a shard's files come from. */
export interface ShardFiles {
  /** Name of the ConfigMap with `redis.conf`. */
  readonly configMap: Input<string>;
  /** Name of the Secret with `auth.conf` and `password`. @default no password */
  readonly authSecret?: Input<string> | undefined;
}

/** @returns the pod of a shard. */
export function podSpec(args: ShardPodArgs & ShardFiles): types.input.core.v1.PodSpec {
  const { configMap, authSecret } = args;
  const secretVolume = authSecret && { name: "auth", secret: { secretName: authSecret, defaultMode: 0o440 } };
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: REDIS_UID,
      runAsGroup: REDIS_UID,
      fsGroup: REDIS_UID,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    // Soft: two shards on one node are better than one shard that is not scheduled.
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { app: SHARDS_APP } },
      },
    ],
    containers: [container(args), ...exporter(args)],
    volumes: [{ name: "config", configMap: { name: configMap } }, ...(secretVolume ? [secretVolume] : [])],
  };
}

function container(args: ShardPodArgs & ShardFiles): types.input.core.v1.Container {
  const auth = args.authSecret !== undefined;
  return {
    name: "redis",
    image: args.image,
    imagePullPolicy: args.imagePullPolicy,
    // Not the image's entry point: images differ in that, and this one needs no root to begin with.
    command: shardCommand(),
    ports: [{ name: "redis", containerPort: REDIS_PORT }],
    resources: {
      requests: { cpu: args.cpuRequest, memory: args.memoryRequest },
      limits: { cpu: args.cpuLimit, memory: args.memoryLimit },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    ...shardLifecycle(auth),
    volumeMounts: [
      { name: "data", mountPath: DATA_DIR },
      { name: "config", mountPath: CONFIG_DIR, readOnly: true },
      ...(auth ? [{ name: "auth", mountPath: AUTH_DIR, readOnly: true }] : []),
    ],
  };
}

function exporter(args: ShardPodArgs & ShardFiles): types.input.core.v1.Container[] {
  const { exporterImage, imagePullPolicy, authSecret } = args;
  return exporterImage === undefined
    ? []
    : [exporterContainer(exporterImage, imagePullPolicy, authSecret !== undefined)];
}

/** @returns the claim of a shard's volume. */
export function volumeClaim(args: ShardPodArgs): types.input.core.v1.PersistentVolumeClaim {
  return {
    metadata: { name: "data" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: args.storageSize } },
      ...(args.storageClass === undefined ? {} : { storageClassName: args.storageClass }),
    },
  };
}
