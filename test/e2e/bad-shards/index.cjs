// shard-0 evicts keys, and shard-1 has no StatefulSet. No config makes the real program declare either.
const k8s = require("@pulumi/kubernetes");
const pulumi = require("@pulumi/pulumi");

const namespace = new pulumi.Config().require("namespace");
const labels = { app: "redis-dedup", shard: "0" };

new pulumi.dynamic.Resource(
  { create: (inputs) => Promise.resolve({ id: "gate", outs: inputs }) },
  "ring-gate",
  {
    phase: "stable",
    ring: { shards: ["shard-0", "shard-1"], targetShards: ["shard-0", "shard-1"], vnodes: 150, keyPrefix: "pcs:" },
    connection: {
      shards: { "shard-0": "redis://shard-0:6379", "shard-1": "redis://shard-1:6379" },
      managed: ["shard-0", "shard-1"],
    },
  },
  {},
  "dedup",
  "RingGate",
);
const config = new k8s.core.v1.ConfigMap("config", {
  metadata: { namespace, labels },
  data: { "redis.conf": "maxmemory-policy noeviction\nmaxmemory-policy allkeys-lru\n" },
});
new k8s.apps.v1.StatefulSet("shard-0", {
  metadata: { name: "redis-dedup-shard-0", namespace, labels },
  spec: {
    serviceName: "redis-dedup",
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [{ name: "redis", image: "redis:7", command: ["redis-server", "/etc/redis/redis.conf"] }],
        volumes: [{ name: "config", configMap: { name: config.metadata.name } }],
      },
    },
  },
});
