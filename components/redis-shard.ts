import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { SHARDS_APP, shardIdentity } from "./shard-identity";
import { podSpec, volumeClaim, type ShardFiles, type ShardPodArgs } from "./shard-pod";

/** One shard, with what it shares with the others. */
export interface RedisShardArgs extends ShardPodArgs, ShardFiles {
  /** The shard's name in the ring. */
  readonly shard: string;
  /** The namespace, which must exist. */
  readonly namespace: pulumi.Input<string>;
  /** Digest of `redis.conf`: another one restarts the pod. */
  readonly configChecksum: pulumi.Input<string>;
  /** What must be there, and healthy, before this shard is made or restarted. */
  readonly after: readonly pulumi.Resource[];
}

/** A shard that this program runs: a StatefulSet of one pod with its volume, and a PodDisruptionBudget. */
export class RedisShard extends pulumi.ComponentResource {
  /** The shard's name in the ring. */
  readonly shardName: string;
  /** The StatefulSet. Once it is made its pod is ready; of a change nobody waits for the end (see `generation`). */
  readonly statefulSet: k8s.apps.v1.StatefulSet;
  /** Changes when the StatefulSet is replaced. */
  readonly statefulSetUid: pulumi.Output<string>;
  /**
   * Rises with every change of the StatefulSet. The provider's wait for a change may end before the pod restarts, because
   * it does not compare this with `status.observedGeneration`: who must know that the pod is back waits by himself.
   */
  readonly generation: pulumi.Output<number>;
  /** The shard's Redis URL inside the cluster, without a password. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: RedisShardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:redis:RedisShard", name, {}, opts);
    this.shardName = args.shard;
    this.statefulSet = this.declareStatefulSet(name, args);
    this.declareDisruptionBudget(name, args);
    this.statefulSetUid = this.statefulSet.metadata.uid;
    this.generation = this.statefulSet.metadata.generation;
    this.url = pulumi.output(args.namespace).apply((namespace) => shardIdentity(args.shard, namespace).url);
    this.registerOutputs({ statefulSetUid: this.statefulSetUid, url: this.url });
  }

  private declareStatefulSet(name: string, args: RedisShardArgs): k8s.apps.v1.StatefulSet {
    const { statefulSet, labels } = shardIdentity(args.shard, "");
    const spec = {
      serviceName: SHARDS_APP,
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { "dedup-shards/config-checksum": args.configChecksum } },
        spec: podSpec(args),
      },
      // Nothing here deletes data: a volume outlives its shard until somebody removes it.
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      volumeClaimTemplates: [volumeClaim(args)],
    };
    return new k8s.apps.v1.StatefulSet(
      `${name}-statefulset`,
      { metadata: { name: statefulSet, namespace: args.namespace, labels }, spec },
      // Kubernetes cannot change a claim template: Pulumi would delete a shard that holds keys in order to make it anew.
      { parent: this, dependsOn: [...args.after], ignoreChanges: ["spec.volumeClaimTemplates"] },
    );
  }

  /**
   * The shard has no replica: whoever evicts its pod takes its keys out of service. So an eviction is refused, and a
   * drain of the node waits until an operator deletes the pod at a time of their choosing. A pod that is not ready serves
   * nobody and may be evicted.
   */
  private declareDisruptionBudget(name: string, args: RedisShardArgs): void {
    const { statefulSet, labels } = shardIdentity(args.shard, "");
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-pdb`,
      {
        metadata: { name: statefulSet, namespace: args.namespace, labels },
        spec: { maxUnavailable: 0, selector: { matchLabels: labels }, unhealthyPodEvictionPolicy: "AlwaysAllow" },
      },
      { parent: this },
    );
  }
}
