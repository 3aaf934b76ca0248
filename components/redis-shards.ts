import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { authFiles, checksum, redisConf, type ShardUser } from "./redis-config";
import { RedisShard } from "./redis-shard";
import { EXPORTER_AUTH_FILE, exporterAuth } from "./shard-exporter";
import { REDIS_PORT, SHARDS_APP } from "./shard-identity";
import type { ShardPodArgs } from "./shard-pod";

/** All shards that this program runs. */
export interface RedisShardsArgs extends ShardPodArgs {
  /** Names of the shards to run; none is fine. */
  readonly shards: readonly string[];
  /** The namespace, which must exist: it belongs to the backend, and deleting it would delete every shard. */
  readonly namespace: pulumi.Input<string>;
  /** `memoryLimit` in bytes. */
  readonly memoryLimitBytes: number;
  /** The password of every shard. @default none */
  readonly password?: pulumi.Input<string> | undefined;
  /** An ACL user of every shard, besides the default one; only together with `password`. @default none */
  readonly user?: (ShardUser & { readonly password: pulumi.Input<string> }) | undefined;
  /**
   * Declares what must be done with a shard before the next one is made or restarted: to wait until its pod is back.
   * @default the StatefulSet is updated, which its pod's restart may still follow
   */
  readonly settle?: (shard: RedisShard) => pulumi.Resource;
}

/** The shards, the headless Service that gives each its DNS name, and the files that they read. */
export class RedisShards extends pulumi.ComponentResource {
  /** One component per shard, in the order of `args.shards`. Depend on one to depend on all its resources. */
  readonly shards: readonly RedisShard[];

  constructor(name: string, args: RedisShardsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:redis:RedisShards", name, {}, opts);
    this.shards = args.shards.length === 0 ? [] : this.declareShards(name, args);
    this.registerOutputs({ urls: Object.fromEntries(this.shards.map(({ shardName, url }) => [shardName, url])) });
  }

  private declareShards(
    name: string,
    { shards, password, user, settle, memoryLimitBytes, ...args }: RedisShardsArgs,
  ): RedisShard[] {
    const service = this.declareService(name, args.namespace);
    const config = redisConf({ memoryLimitBytes, auth: password !== undefined });
    const common = {
      ...args,
      configMap: this.declareConfigMap(name, args.namespace, config).metadata.name,
      configChecksum: checksum(config),
      authSecret: password === undefined ? undefined : this.declareSecret(name, args, password, user).metadata.name,
    };
    // Each waits for the one before it: a change that restarts shards restarts them one at a time, and stops at the
    // first that does not come back.
    let before: pulumi.Resource = service;
    return shards.map((shardName) => {
      const after = [service, before];
      const shard = new RedisShard(`${name}-${shardName}`, { ...common, shard: shardName, after }, { parent: this });
      before = settle?.(shard) ?? shard.statefulSet;
      return shard;
    });
  }

  private declareService(name: string, namespace: pulumi.Input<string>): k8s.core.v1.Service {
    return new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name: SHARDS_APP, namespace, labels: { app: SHARDS_APP } },
        spec: {
          clusterIP: "None",
          // Nobody chooses among these addresses: each name is one shard. A shard that loads its file or misses a probe
          // must stay resolvable: LOADING is an answer that clients retry, and "no such host" stays in DNS caches.
          publishNotReadyAddresses: true,
          selector: { app: SHARDS_APP },
          ports: [{ name: "redis", port: REDIS_PORT, targetPort: "redis" }],
        },
      },
      { parent: this },
    );
  }

  /** No fixed name: a change makes a new one first, so a pod that restarts meanwhile still finds the one it names. */
  private declareConfigMap(name: string, namespace: pulumi.Input<string>, conf: string) {
    return new k8s.core.v1.ConfigMap(
      `${name}-config`,
      { metadata: { namespace, labels: { app: SHARDS_APP } }, immutable: true, data: { "redis.conf": conf } },
      { parent: this },
    );
  }

  /** No fixed name either: another password is another Secret, which restarts the shards without a digest of it. */
  private declareSecret(
    name: string,
    { namespace, exporterImage }: Pick<RedisShardsArgs, "namespace" | "exporterImage">,
    password: pulumi.Input<string>,
    user: RedisShardsArgs["user"],
  ) {
    const files = ([text, userPassword = ""]: readonly (string | undefined)[]) => ({
      ...authFiles(text ?? "", user && { ...user, password: userPassword }),
      ...(exporterImage === undefined ? {} : { [EXPORTER_AUTH_FILE]: exporterAuth(text ?? "") }),
    });
    return new k8s.core.v1.Secret(
      `${name}-auth`,
      {
        metadata: { namespace, labels: { app: SHARDS_APP } },
        immutable: true,
        stringData: pulumi.secret(pulumi.all([password, user?.password])).apply(files),
      },
      { parent: this },
    );
  }
}
