import { expect } from "chai";
import { declaredBy, named } from "./recorded-program";
import { ShardNetworkPolicy, type ShardNetworkPolicyArgs } from "../../../components/shard-network-policy";

const ARGS = { namespace: "fractal-lba", clients: [{ app: "backend", tier: "api" }, { engine: "e" }] };

const ingressOf = async (args: ShardNetworkPolicyArgs) => {
  const { inputs } = named(await declaredBy(() => new ShardNetworkPolicy("redis", args)), "redis-policy");
  return inputs;
};
const redis = {
  from: [
    { podSelector: { matchLabels: { app: "backend", tier: "api" } } },
    { podSelector: { matchLabels: { engine: "e" } } },
  ],
  ports: [{ protocol: "TCP", port: 6379 }],
};

describe("ShardNetworkPolicy", () => {
  it("lets the clients reach every shard's Redis, and nobody anything else", async () => {
    expect(await ingressOf(ARGS)).to.deep.equal({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "redis-dedup", namespace: "fractal-lba", labels: { app: "redis-dedup" } },
      spec: {
        podSelector: { matchLabels: { app: "redis-dedup" } },
        policyTypes: ["Ingress"],
        ingress: [redis],
      },
    });
  });

  it("lets a namespace scrape the exporters beside them, and not reach Redis", async () => {
    const { spec } = await ingressOf({ ...ARGS, scrapedFrom: "monitoring" });
    expect(spec)
      .to.have.property("ingress")
      .that.deep.equals([
        redis,
        {
          from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
          ports: [{ protocol: "TCP", port: 9121 }],
        },
      ]);
  });
});
