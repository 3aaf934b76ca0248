import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { declaredBy, isSecretInput, named } from "./recorded-program";
import { checksum, redisConf } from "../../../components/redis-config";
import { shardCommand } from "../../../components/shard-start";
import type { RedisShard } from "../../../components/redis-shard";
import { RedisShards, type RedisShardsArgs } from "../../../components/redis-shards";

const ARGS: RedisShardsArgs = {
  shards: ["shard-0", "shard-1"],
  namespace: "fractal-lba",
  image: "redis:7-alpine",
  imagePullPolicy: "IfNotPresent",
  cpuRequest: "500m",
  cpuLimit: "2",
  memoryRequest: "2Gi",
  memoryLimit: "4Gi",
  memoryLimitBytes: 2 ** 32,
  storageSize: "10Gi",
};
const PASSWORD = "geheim-und-lang";

const declare = (args: Partial<RedisShardsArgs> = {}) =>
  declaredBy(() => new RedisShards("shards", { ...ARGS, ...args }));
const conf = (auth: boolean): string => redisConf({ memoryLimitBytes: 2 ** 32, auth });
const labels = (shard: string) => ({ app: "redis-dedup", shard });
const shell = (script: string) => ({ exec: { command: ["sh", "-c", script] } });

/** The whole StatefulSet of shard-0, without and with a password. */
function statefulSet(auth: boolean) {
  const login = auth ? 'export REDISCLI_AUTH="$(cat /etc/redis-auth/password)"; ' : "";
  const pong = shell(`${login}redis-cli ping | grep -qx PONG`);
  const authMount = { name: "auth", mountPath: "/etc/redis-auth", readOnly: true };
  const authVolume = { name: "auth", secret: { secretName: "shards-auth-made", defaultMode: 0o440 } };
  const container = {
    name: "redis",
    image: "redis:7-alpine",
    imagePullPolicy: "IfNotPresent",
    command: shardCommand(),
    ports: [{ name: "redis", containerPort: 6379 }],
    resources: { requests: { cpu: "500m", memory: "2Gi" }, limits: { cpu: "2", memory: "4Gi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    startupProbe: { ...pong, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 600 },
    readinessProbe: { ...pong, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
    livenessProbe: { ...shell(`${login}redis-cli ping`), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    lifecycle: { preStop: shell(`${login}redis-cli config set appendfsync always`) },
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "config", mountPath: "/etc/redis", readOnly: true },
      ...(auth ? [authMount] : []),
    ],
  };
  const pod = {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 999,
      runAsGroup: 999,
      fsGroup: 999,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { app: "redis-dedup" } },
      },
    ],
    containers: [container],
    volumes: [{ name: "config", configMap: { name: "shards-config-made" } }, ...(auth ? [authVolume] : [])],
  };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "redis-dedup-shard-0", namespace: "fractal-lba", labels: labels("0") },
    spec: {
      serviceName: "redis-dedup",
      replicas: 1,
      selector: { matchLabels: labels("0") },
      template: {
        metadata: { labels: labels("0"), annotations: { "dedup-shards/config-checksum": checksum(conf(auth)) } },
        spec: pod,
      },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
        },
      ],
    },
  };
}

describe("RedisShards", () => {
  it("declares a Service and a ConfigMap, and a StatefulSet and a disruption budget per shard", async () => {
    const resources = await declare();
    expect(resources.map(({ type, name, parent }) => [type, name, parent])).to.deep.equal([
      ["dedup-shards:redis:RedisShards", "shards", ""],
      ["kubernetes:core/v1:ConfigMap", "shards-config", "shards"],
      ["kubernetes:core/v1:Service", "shards-service", "shards"],
      ["dedup-shards:redis:RedisShard", "shards-shard-0", "shards"],
      ["kubernetes:policy/v1:PodDisruptionBudget", "shards-shard-0-pdb", "shards-shard-0"],
      ["kubernetes:apps/v1:StatefulSet", "shards-shard-0-statefulset", "shards-shard-0"],
      ["dedup-shards:redis:RedisShard", "shards-shard-1", "shards"],
      ["kubernetes:policy/v1:PodDisruptionBudget", "shards-shard-1-pdb", "shards-shard-1"],
      ["kubernetes:apps/v1:StatefulSet", "shards-shard-1-statefulset", "shards-shard-1"],
    ]);
  });

  it("declares the StatefulSet, field by field", async () => {
    const resources = await declare();
    expect(named(resources, "shards-shard-0-statefulset").inputs).to.deep.equal(statefulSet(false));
  });

  it("asks for the StorageClass that is named", async () => {
    const resources = await declare({ storageClass: "fast" });
    const expected = statefulSet(false);
    Object.assign(expected.spec.volumeClaimTemplates[0]?.spec ?? {}, { storageClassName: "fast" });
    expect(named(resources, "shards-shard-0-statefulset").inputs).to.deep.equal(expected);
  });

  it("gives every shard a name in DNS, ready or not", async () => {
    expect(named(await declare(), "shards-service").inputs).to.deep.equal({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "redis-dedup", namespace: "fractal-lba", labels: { app: "redis-dedup" } },
      spec: {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: { app: "redis-dedup" },
        ports: [{ name: "redis", port: 6379, targetPort: "redis" }],
      },
    });
  });

  it("lets nobody evict a shard that serves", async () => {
    expect(named(await declare(), "shards-shard-1-pdb").inputs).to.deep.equal({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "redis-dedup-shard-1", namespace: "fractal-lba", labels: labels("1") },
      spec: { maxUnavailable: 0, selector: { matchLabels: labels("1") }, unhealthyPodEvictionPolicy: "AlwaysAllow" },
    });
  });

  it("puts redis.conf into a ConfigMap without a fixed name", async () => {
    expect(named(await declare(), "shards-config").inputs).to.deep.equal({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: "fractal-lba", labels: { app: "redis-dedup" } },
      immutable: true,
      data: { "redis.conf": conf(false) },
    });
  });

  it("restarts one shard after the other, and never replaces one for its volume", async () => {
    const resources = await declare();
    const common = ["shards-config", "shards-service"];
    expect(named(resources, "shards-shard-0-statefulset").after).to.deep.equal(common);
    const second = named(resources, "shards-shard-1-statefulset");
    expect(second.after).to.deep.equal([...common, "shards-shard-0-statefulset"].sort());
    expect(second.options).to.deep.equal({ ignoreChanges: ["spec.volumeClaimTemplates"] });
  });

  it("makes or restarts a shard only when the one before it has settled", async () => {
    const resources = await declaredBy(() => {
      const settle = (shard: RedisShard) =>
        new command.local.Command(`settled-${shard.shardName}`, { triggers: [shard.generation] }, { dependsOn: shard });
      return new RedisShards("shards", { ...ARGS, settle });
    });
    expect(named(resources, "settled-shard-0").inputs).to.deep.equal({ triggers: [3] });
    expect(named(resources, "settled-shard-0").after).to.deep.equal([
      "shards-shard-0-pdb",
      "shards-shard-0-statefulset",
    ]);
    expect(named(resources, "shards-shard-0-statefulset").after).to.deep.equal(["shards-config", "shards-service"]);
    const after = ["settled-shard-0", "shards-config", "shards-service"];
    expect(named(resources, "shards-shard-1-statefulset").after).to.deep.equal(after);
  });

  it("declares nothing when it runs no shard", async () => {
    expect((await declare({ shards: [], password: PASSWORD })).map(({ name }) => name)).to.deep.equal(["shards"]);
  });

  it("tells a caller the uid and the URL of every shard", async () => {
    const told = new Promise((resolve) => {
      void declaredBy(() => {
        const { shards } = new RedisShards("shards", { ...ARGS, namespace: "ns" });
        pulumi
          .all(shards.map(({ shardName, statefulSetUid, url }) => pulumi.all([shardName, statefulSetUid, url])))
          .apply(resolve);
      });
    });
    expect(await told).to.deep.equal([
      ["shard-0", "shards-shard-0-statefulset-uid", "redis://redis-dedup-shard-0-0.redis-dedup.ns.svc:6379"],
      ["shard-1", "shards-shard-1-statefulset-uid", "redis://redis-dedup-shard-1-0.redis-dedup.ns.svc:6379"],
    ]);
  });
});

describe("RedisShards with a password", () => {
  it("keeps it in a Secret of its own, secret in the state", async () => {
    const secret = named(await declare({ password: PASSWORD }), "shards-auth");
    expect([secret.type, secret.inputs]).to.deep.equal([
      "kubernetes:core/v1:Secret",
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace: "fractal-lba", labels: { app: "redis-dedup" } },
        immutable: true,
        stringData: { "auth.conf": `requirepass "${PASSWORD}"\nmasterauth "${PASSWORD}"\n`, password: PASSWORD },
      },
    ]);
    expect(isSecretInput(secret, "stringData")).to.equal(true);
  });

  it("mounts it as files and lets the probes read it from there", async () => {
    const resources = await declare({ password: pulumi.secret(PASSWORD) });
    expect(named(resources, "shards-shard-0-statefulset").inputs).to.deep.equal(statefulSet(true));
    expect(named(resources, "shards-config").inputs["data"]).to.deep.equal({ "redis.conf": conf(true) });
  });

  it("shows it nowhere else, plain, hashed or in base64", async () => {
    const traces = [PASSWORD, Buffer.from(PASSWORD).toString("base64").slice(0, -2), checksum(PASSWORD)];
    for (const { name, wire } of await declare({ password: PASSWORD })) {
      for (const trace of name === "shards-auth" ? [] : traces) expect(wire, name).not.to.include(trace);
    }
  });
});
