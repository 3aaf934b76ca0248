/** The names of a shard that this program runs, everywhere that Kubernetes and the backend know it by. Pure. */

/** The headless Service of all shards; the `app` label of everything that belongs to them. */
export const SHARDS_APP = "redis-dedup";

/** The port that every shard listens on. */
export const REDIS_PORT = 6379;

/** What one shard is called. */
export interface ShardIdentity {
  readonly statefulSet: string;
  /** The only pod of the StatefulSet. */
  readonly pod: string;
  readonly labels: { readonly app: string; readonly shard: string };
  /** How the backend reaches the shard: the pod's own DNS name under the headless Service. */
  readonly url: string;
}

/**
 * Names a shard: `shard-3` is StatefulSet `redis-dedup-shard-3`, labelled `shard: "3"`.
 *
 * @param name - the shard's name in the ring, which must be fit for a DNS label.
 */
export function shardIdentity(name: string, namespace: string): ShardIdentity {
  const statefulSet = `${SHARDS_APP}-${name}`;
  const pod = `${statefulSet}-0`;
  return {
    statefulSet,
    pod,
    labels: { app: SHARDS_APP, shard: name.replace(/^shard-/, "") },
    url: `redis://${pod}.${SHARDS_APP}.${namespace}.svc:${REDIS_PORT}`,
  };
}
