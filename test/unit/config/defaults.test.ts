import { expect } from "chai";
import type { RawStackConfig, StackConfig } from "../../../migration/config";
import { parse as parseAll } from "./parse";

const DEFAULTS: StackConfig = {
  migrationPhase: "stable",
  shards: ["shard-0"],
  targetShards: ["shard-0"],
  vnodes: 150,
  keyPrefix: "pcs:",
  planDigest: "",
  requirePlanDigest: false,
  namespace: "fractal-lba",
  shardUrls: {},
  access: "portForward",
  redis: {},
  networkPolicy: { enabled: false, backend: {}, scrapedFrom: "monitoring" },
  ringLock: { enabled: false },
  shard: {
    image: "redis:7-alpine",
    imagePullPolicy: "IfNotPresent",
    cpuRequest: "500m",
    cpuLimit: "2",
    memoryRequest: "2Gi",
    memoryLimit: "4Gi",
    storageSize: "10Gi",
  },
  backend: {
    deployment: "backend",
    configMap: "backend-config",
    manage: "patch",
    claimWindowMs: 5_000,
    commandTimeoutMs: 5_000,
    rolloutTimeoutMs: 600_000,
    servesNothing: false,
    metricsPath: "/metrics",
  },
  execution: "local",
  job: { image: "", imagePullPolicy: "IfNotPresent", parallelism: 4, cpuRequest: "500m", memoryLimit: "256Mi" },
  copy: {
    keysPerSecond: 1_000,
    catchUpKeysPerSecond: 5_000,
    batchSize: 100,
    bigValueBytes: 262_144,
    maxSourceLatencyMs: 5,
    maxKeyStallMs: 250,
  },
  verify: { mode: "full", sampleSize: 10_000, expiryToleranceMs: 1_000 },
  cleanup: { ttlWindowMs: 14 * 86_400_000, keysPerSecond: 5_000, batchSize: 1_000 },
  backup: { enabled: true, command: 'redis-cli -u "$REDIS_URL" --rdb "$BACKUP_FILE"', directory: "backups" },
  metrics: {
    queries: {},
    limits: { maxErrorRatio: 0.01, maxP95Ms: 200, minHitRatio: 0.35, minRequestsPerSecond: 1 },
    windowMs: 120_000,
    intervalMs: 30_000,
    bakeMs: 300_000,
    stabilityMs: 1_800_000,
    autoRollback: false,
    failureLimit: 2,
    inconclusiveLimit: 4,
  },
  monitoring: {
    enabled: true,
    labels: {},
    folder: "Dedup shards",
    runbookUrl: "docs/troubleshooting.md",
    exporter: { enabled: false, image: "oliver006/redis_exporter:v1.67.0" },
    backend: { labels: { app: "backend" }, port: "http" },
    pushgateway: { labels: { "app.kubernetes.io/name": "prometheus-pushgateway" }, port: "http" },
    limits: {
      maxMemoryRatio: 0.8,
      maxTrafficShare: 0.6,
      maxShardP95Ms: 50,
      maxCpuRatio: 0.7,
      minHitRatioAfterCutover: 0.2,
      stalledMs: 1_800_000,
    },
  },
  grafana: {},
  report: { directory: "reports" },
  forceRemoveShards: [],
};

const parse = (raw: RawStackConfig): StackConfig => parseAll({ shards: ["shard-0"], ...raw });

describe("parseStackConfig: what is not set", () => {
  it("needs nothing but the shards", () => {
    expect(parseAll({ shards: ["shard-0"] })).to.deep.equal(DEFAULTS);
  });

  it("takes undefined for a key that the stack does not set", () => {
    expect(parse({ copy: undefined, vnodes: undefined, targetShards: undefined })).to.deep.equal(DEFAULTS);
  });

  it("merges the defaults of an object field by field", () => {
    expect(parse({ copy: { batchSize: 7 } }).copy).to.deep.equal({ ...DEFAULTS.copy, batchSize: 7 });
    expect(parse({ shard: { storageClass: "fast" } }).shard).to.deep.equal({ ...DEFAULTS.shard, storageClass: "fast" });
    expect(parse({ backend: { metricsPort: 80 } }).backend).to.deep.equal({ ...DEFAULTS.backend, metricsPort: 80 });
    expect(parse({ cleanup: { ttlWindow: "0s" } }).cleanup).to.deep.equal({ ...DEFAULTS.cleanup, ttlWindowMs: 0 });
  });

  it("takes the current ring for the target ring when that is empty", () => {
    expect(parse({ shards: ["b", "a"], targetShards: [] }).targetShards).to.deep.equal(["b", "a"]);
  });
});

describe("parseStackConfig: what is allowed", () => {
  it("takes quantities that YAML reads as numbers", () => {
    const { shard } = parse({ shard: { cpuRequest: 0.5, cpuLimit: 1, memoryRequest: 67108864, memoryLimit: "1e9" } });
    expect(shard).to.include({ cpuRequest: "0.5", cpuLimit: "1", memoryRequest: "67108864", memoryLimit: "1e9" });
  });

  for (const [ttlWindow, ttlWindowMs] of [
    ["14d", 1_209_600_000],
    ["2h", 7_200_000],
    ["30m", 1_800_000],
    ["10s", 10_000],
    ["250ms", 250],
    ["0s", 0],
  ] as const) {
    it(`reads the duration ${ttlWindow}`, () => {
      expect(parse({ cleanup: { ttlWindow } }).cleanup.ttlWindowMs).to.equal(ttlWindowMs);
    });
  }

  it("takes any name for a shard that this program does not run", () => {
    const shards = ["Köln 1", "shard-0", "0"];
    const shardUrls = { "Köln 1": "rediss://k.example:6380/2", "0": "redis://[::1]" };
    expect(parse({ shards, shardUrls })).to.deep.include({ shards, shardUrls });
  });

  it("takes one server with several databases", () => {
    const shardUrls = { a: "redis://h:6379", b: "redis://h:6379/1", c: "redis://h:6380/" };
    expect(parse({ shards: ["a", "b", "c"], shardUrls }).shardUrls).to.deep.equal(shardUrls);
  });

  it("takes the URL of another namespace's shard, or of one that this program runs no longer", () => {
    const shardUrls = {
      a: "redis://redis-dedup-b-0.redis-dedup.elsewhere.svc:6379",
      c: "redis://redis-dedup-c-0.redis-dedup.fractal-lba.svc:6379",
    };
    expect(parse({ shards: ["a", "b", "c"], shardUrls }).shardUrls).to.deep.equal(shardUrls);
  });

  it("takes the name of a shard that goes for one to be removed by force", () => {
    const forceRemoveShards = ["shard-1"];
    expect(parse({ targetShards: ["shard-0", "shard-1"], forceRemoveShards })).to.deep.include({ forceRemoveShards });
  });

  it("takes the name of a retiring shard for one to go on without, in the phase in which the backend does not use it", () => {
    const cleanup = { migrationPhase: "cleanup", shards: ["a", "b"], targetShards: ["a"], forceRemoveShards: ["b"] };
    expect(parse(cleanup)).to.deep.include({ forceRemoveShards: ["b"] });
  });

  it("takes a shard name of 40 characters", () => {
    expect(parse({ shards: ["s".repeat(40)] }).shards).to.deep.equal(["s".repeat(40)]);
  });

  it("takes a prefix of characters that are special in a pattern", () => {
    expect(parse({ keyPrefix: "p*[c]?\\" }).keyPrefix).to.equal("p*[c]?\\");
  });

  for (const migrationPhase of ["stable", "plan"]) {
    it(`takes two equal rings in ${migrationPhase}`, () => {
      expect(parse({ migrationPhase, targetShards: ["shard-0"] }).migrationPhase).to.equal(migrationPhase);
    });
  }
});
