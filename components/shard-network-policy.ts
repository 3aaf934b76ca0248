import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { EXPORTER_PORT } from "./shard-exporter";
import { REDIS_PORT, SHARDS_APP } from "./shard-identity";

type Labels = Readonly<Record<string, string>>;

/** Who may reach the shards. */
export interface ShardNetworkPolicyArgs {
  readonly namespace: string;
  /** Pods of the same namespace that read and write keys, by their labels: the backend, the engine's. */
  readonly clients: readonly Labels[];
  /** The namespace from which exporters are scraped. @default there are no exporters */
  readonly scrapedFrom?: string | undefined;
}

/**
 * Lets nobody reach the shards but their clients. What comes by way of the node, as the kubelet's probes and port-forwards
 * do, is not a matter of network policies: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export class ShardNetworkPolicy extends pulumi.ComponentResource {
  constructor(name: string, args: ShardNetworkPolicyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:redis:ShardNetworkPolicy", name, {}, opts);
    const { namespace, clients, scrapedFrom } = args;
    const labels = { app: SHARDS_APP };
    new k8s.networking.v1.NetworkPolicy(
      `${name}-policy`,
      {
        metadata: { name: SHARDS_APP, namespace, labels },
        spec: {
          podSelector: { matchLabels: labels },
          policyTypes: ["Ingress"],
          ingress: [
            { from: clients.map((matchLabels) => ({ podSelector: { matchLabels } })), ports: [tcp(REDIS_PORT)] },
            ...(scrapedFrom === undefined ? [] : [{ from: [inNamespace(scrapedFrom)], ports: [tcp(EXPORTER_PORT)] }]),
          ],
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

const tcp = (port: number) => ({ protocol: "TCP", port });
const inNamespace = (name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});
