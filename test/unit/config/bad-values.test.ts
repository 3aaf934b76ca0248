import { expect } from "chai";
import { ConfigError, type RawStackConfig } from "../../../migration/config";
import { KEYS } from "./keys";
import { parse } from "./parse";

const PHASES = "stable, plan, copy, dualWrite, cutover, cleanup";
const NAME = "a shard name: not empty, no comma, no control character, no space at either end";
const OWN_NAME =
  "lower-case letters, digits and dashes, at most 40 characters, for a shard that this program runs " +
  "(any name for one in dedup-shards:shardUrls)";
const LABEL = "a DNS label: lower-case letters, digits and dashes, at most 63 characters";
const OBJECT = "the name of a Kubernetes object: lower-case letters, digits, dashes and dots, at most 253 characters";
const CPU = "a Kubernetes quantity from 1m to 1k, such as 500m or 2";
const MEMORY = (example: string): string => `a Kubernetes quantity from 16Mi to 16Ti, such as ${example}`;
const RATE = "a whole number from 1 to 1000000";
const WAIT = "a whole number from 1 to 3600000";
const DURATION = "a whole number and a unit (ms, s, m, h or d), such as 14d, 30m or 0s, at most 365d";
const TEXT_PREFIX = "text such as pcs: that is not just a number, true, false or null";
const PORT = "a whole number from 1 to 65535";
const PATH = "a path that starts with a slash, such as /metrics";
const URL = "redis://host[:port][/db] or rediss://host[:port][/db]";
const PREFIX = "a prefix that does not overlap with dedup-shards:, under which the migration keeps its own keys";
const EQUAL = (phase: string): string =>
  "another ring than dedup-shards:shards in dedup-shards:migrationPhase " +
  `"${phase}" (targetShards equals shards: nothing to migrate)`;
const two = { shards: ["a", "b"] };
/** [what is set besides `shards: ["a"]`, the one line of the error] */
const BAD: readonly (readonly [RawStackConfig, string])[] = [
  [{ migrationPhase: "cutovr" }, `migrationPhase is "cutovr"; allowed: ${PHASES}`],
  [{ migrationPhase: 3 }, `migrationPhase is 3; allowed: ${PHASES}`],
  [{ shards: undefined }, "shards is not set; allowed: a list of at least one shard name"],
  [{ shards: [] }, "shards is []; allowed: a list of at least one shard name"],
  [{ shards: "a,b" }, 'shards is "a,b"; allowed: a list of shard names'],
  [{ shards: ["a", "b", "a"] }, 'shards[2] is "a"; allowed: each shard once (see [0])'],
  [{ shards: ["a", 1] }, `shards[1] is 1; allowed: ${NAME}`],
  [{ shards: [""] }, `shards[0] is ""; allowed: ${NAME}`],
  [{ shards: ["a,b"] }, `shards[0] is "a,b"; allowed: ${NAME}`],
  [{ shards: [" a"] }, `shards[0] is " a"; allowed: ${NAME}`],
  [{ shards: ["a\n"] }, `shards[0] is "a\\n"; allowed: ${NAME}`],
  [{ shards: ["Shard-0"] }, `shards[0] is "Shard-0"; allowed: ${OWN_NAME}`],
  [{ shards: ["a_b"] }, `shards[0] is "a_b"; allowed: ${OWN_NAME}`],
  [{ shards: ["shard-"] }, `shards[0] is "shard-"; allowed: ${OWN_NAME}`],
  [{ shards: ["s".repeat(41)] }, `shards[0] is "${"s".repeat(41)}"; allowed: ${OWN_NAME}`],
  [
    { shards: ["shard-3", "3"] },
    'shards[1] is "3"; allowed: a name that differs from "shard-3" in more than the leading "shard-"',
  ],
  [{ targetShards: ["a", "B"] }, `targetShards[1] is "B"; allowed: ${OWN_NAME}`],
  [{ targetShards: ["b", "b"] }, 'targetShards[1] is "b"; allowed: each shard once (see [0])'],
  [{ targetShards: "b" }, 'targetShards is "b"; allowed: a list of shard names'],
  [
    { migrationPhase: "copy" },
    'targetShards is empty; allowed: at least one shard name in dedup-shards:migrationPhase "copy"',
  ],
  ...["copy", "dualWrite", "cutover", "cleanup"].map(
    (phase) =>
      [{ migrationPhase: phase, targetShards: ["a"] }, `targetShards is ["a"]; allowed: ${EQUAL(phase)}`] as const,
  ),
  [{ vnodes: 0 }, "vnodes is 0; allowed: a whole number from 1 to 10000"],
  [{ vnodes: 10_001 }, "vnodes is 10001; allowed: a whole number from 1 to 10000"],
  [{ vnodes: 1.5 }, "vnodes is 1.5; allowed: a whole number from 1 to 10000"],
  [{ vnodes: "150" }, 'vnodes is "150"; allowed: a whole number from 1 to 10000'],
  [
    { keyPrefix: "" },
    'keyPrefix is ""; allowed: at least one character: without a prefix every key on a shard would count',
  ],
  [{ keyPrefix: "dedup" }, `keyPrefix is "dedup"; allowed: ${PREFIX}`],
  [{ keyPrefix: "dedup-shards:lock" }, `keyPrefix is "dedup-shards:lock"; allowed: ${PREFIX}`],
  [{ keyPrefix: 5 }, "keyPrefix is 5; allowed: a string"],
  ...["5", "1.5", "true", "null"].map(
    (prefix) => [{ keyPrefix: prefix }, `keyPrefix is "${prefix}"; allowed: ${TEXT_PREFIX}`] as const,
  ),
  [{ namespace: "Prod" }, `namespace is "Prod"; allowed: ${LABEL}`],
  [{ namespace: "" }, `namespace is ""; allowed: ${LABEL}`],
  [{ namespace: "n".repeat(64) }, `namespace is "${"n".repeat(64)}"; allowed: ${LABEL}`],
  [{ access: "nodePort" }, 'access is "nodePort"; allowed: portForward, direct'],
  [{ shardUrls: ["redis://h"] }, 'shardUrls is ["redis://h"]; allowed: an object: shard name → URL'],
  [{ shardUrls: { a: 5 } }, "shardUrls.a is 5; allowed: a redis:// or rediss:// URL"],
  [{ shardUrls: { a: "http://h" } }, `shardUrls.a is "http://h"; allowed: ${URL}`],
  [{ shardUrls: { a: "h:6379" } }, `shardUrls.a is "h:6379"; allowed: ${URL}`],
  [{ shardUrls: { a: "redis://" } }, `shardUrls.a is "redis://"; allowed: ${URL}`],
  [{ shardUrls: { a: "redis://h:99999" } }, `shardUrls.a is "redis://h:99999"; allowed: ${URL}`],
  [{ shardUrls: { a: "redis://h:0" } }, `shardUrls.a is "redis://h:0"; allowed: ${URL}`],
  [{ shardUrls: { a: "redis://h/999999" } }, `shardUrls.a is "redis://h/999999"; allowed: ${URL}`],
  [{ shardUrls: { a: "redis://h/x" } }, `shardUrls.a is "redis://h/x"; allowed: ${URL}`],
  [{ shardUrls: { a: "redis://h,redis://i" } }, `shardUrls.a is "redis://h,redis://i"; allowed: ${URL}`],
  [{ shardUrls: { a: "redis://h?password=geheim" } }, `shardUrls.a is "redis://h?***"; allowed: ${URL}`],
  [
    { shardUrls: { a: "redis://user:ge@heim@h" } },
    `shardUrls.a is "redis://***@h"; allowed: ${URL}; put the password into dedup-shards:redisPassword`,
  ],
  [
    { shardUrls: { a: ":geheim@h" } },
    `shardUrls.a is "***@h"; allowed: ${URL}; put the password into dedup-shards:redisPassword`,
  ],
  [
    { shardUrls: { "c.d": "redis://h" } },
    'shardUrls["c.d"] is the URL of a shard in neither ring; ' +
      "allowed: only shards named in dedup-shards:shards or dedup-shards:targetShards",
  ],
  [
    { ...two, shardUrls: { a: "redis://h", b: "rediss://H.:6379/0" } },
    'shardUrls.b is "rediss://H.:6379/0"; allowed: a server of its own: h:6379/0 is shard "a" already',
  ],
  [
    { ...two, shardUrls: { b: "redis://Redis-Dedup-a-0.redis-dedup.fractal-lba.svc.cluster.local./0" } },
    'shardUrls.b is "redis://Redis-Dedup-a-0.redis-dedup.fractal-lba.svc.cluster.local./0"; allowed: ' +
      'a server of its own: redis-dedup-a-0.redis-dedup.fractal-lba.svc:6379/0 is shard "a" already',
  ],
  [
    { targetShards: ["a", "b"], namespace: "n", shardUrls: { a: "redis://redis-dedup-b-0.redis-dedup.n.svc" } },
    'shardUrls.a is "redis://redis-dedup-b-0.redis-dedup.n.svc"; allowed: ' +
      'a server of its own: redis-dedup-b-0.redis-dedup.n.svc:6379/0 is shard "b" already',
  ],
  [{ shard: { image: "" } }, 'shard.image is ""; allowed: an image reference without spaces, such as redis:7-alpine'],
  [{ shard: { imagePullPolicy: "always" } }, 'shard.imagePullPolicy is "always"; allowed: Always, IfNotPresent, Never'],
  [{ shard: { cpuRequest: "half" } }, `shard.cpuRequest is "half"; allowed: ${CPU}`],
  [{ shard: { cpuLimit: 0 } }, `shard.cpuLimit is 0; allowed: ${CPU}`],
  [
    { shard: { cpuRequest: "3" } },
    'shard.cpuRequest is "3"; allowed: at most dedup-shards:shard.cpuLimit, which is "2"',
  ],
  [{ shard: { memoryRequest: "2GB" } }, `shard.memoryRequest is "2GB"; allowed: ${MEMORY("2Gi")}`],
  [{ shard: { memoryLimit: 4 } }, `shard.memoryLimit is 4; allowed: ${MEMORY("4Gi")}`],
  [{ shard: { memoryLimit: "-4Gi" } }, `shard.memoryLimit is "-4Gi"; allowed: ${MEMORY("4Gi")}`],
  [
    { shard: { memoryLimit: "1Gi" } },
    'shard.memoryRequest is "2Gi"; allowed: at most dedup-shards:shard.memoryLimit, which is "1Gi"',
  ],
  [
    { shard: { storageSize: "10" } },
    'shard.storageSize is "10"; allowed: a Kubernetes quantity from 16Mi to 1Pi, such as 10Gi',
  ],
  [
    { shard: { storageClass: "" } },
    'shard.storageClass is ""; allowed: the name of a StorageClass; leave the field out for the cluster\'s default',
  ],
  [
    { shard: { cpu: "1" } },
    "shard.cpu is an unknown field; allowed: image, imagePullPolicy, cpuRequest, cpuLimit, memoryRequest, " +
      "memoryLimit, storageSize, storageClass",
  ],
  [{ backend: { deployment: "Backend" } }, `backend.deployment is "Backend"; allowed: ${OBJECT}`],
  [{ backend: { configMap: "a..b" } }, `backend.configMap is "a..b"; allowed: ${OBJECT}`],
  [{ backend: { manage: "replace" } }, 'backend.manage is "replace"; allowed: patch, own'],
  [{ backend: { claimWindowMs: 0 } }, `backend.claimWindowMs is 0; allowed: ${WAIT}`],
  [{ backend: { commandTimeoutMs: "5s" } }, `backend.commandTimeoutMs is "5s"; allowed: ${WAIT}`],
  [
    { backend: { rolloutTimeoutMs: 600 } },
    "backend.rolloutTimeoutMs is 600; allowed: a whole number from 1000 to 86400000",
  ],
  [{ backend: { claimWindowMs: 3_000_000_000 } }, `backend.claimWindowMs is 3000000000; allowed: ${WAIT}`],
  [{ backend: { commandTimeoutMs: 3_600_001 } }, `backend.commandTimeoutMs is 3600001; allowed: ${WAIT}`],
  [
    { backend: { rolloutTimeoutMs: 86_400_001 } },
    "backend.rolloutTimeoutMs is 86400001; allowed: a whole number from 1000 to 86400000",
  ],
  [{ copy: { keysPerSecond: 1e9 } }, `copy.keysPerSecond is 1000000000; allowed: ${RATE}`],
  [
    { copy: { maxSourceLatencyMs: 60_001 } },
    "copy.maxSourceLatencyMs is 60001; allowed: a whole number from 1 to 60000",
  ],
  [{ copy: { maxKeyStallMs: 0 } }, "copy.maxKeyStallMs is 0; allowed: a whole number from 1 to 3600000"],
  [{ verify: { sampleSize: 1e7 } }, `verify.sampleSize is 10000000; allowed: ${RATE}`],
  [
    { verify: { expiryToleranceMs: 3_600_001 } },
    "verify.expiryToleranceMs is 3600001; allowed: a whole number from 0 to 3600000",
  ],
  [{ cleanup: { ttlWindow: "366d" } }, `cleanup.ttlWindow is "366d"; allowed: ${DURATION}`],
  [{ cleanup: { ttlWindow: "999999999d" } }, `cleanup.ttlWindow is "999999999d"; allowed: ${DURATION}`],
  [{ shard: { memoryLimit: "1e99" } }, `shard.memoryLimit is "1e99"; allowed: ${MEMORY("4Gi")}`],
  [{ shard: { memoryLimit: "4294967296m" } }, `shard.memoryLimit is "4294967296m"; allowed: ${MEMORY("4Gi")}`],
  [{ shard: { cpuLimit: "2k" } }, `shard.cpuLimit is "2k"; allowed: ${CPU}`],
  [{ copi: {} }, `copi is an unknown key; allowed: the closest is dedup-shards:copy; all are ${KEYS}`],
  [{ namspace: "x" }, `namspace is an unknown key; allowed: the closest is dedup-shards:namespace; all are ${KEYS}`],
  [
    { MigrationPhase: "copy" },
    `MigrationPhase is an unknown key; allowed: the closest is dedup-shards:migrationPhase; all are ${KEYS}`,
  ],
  [
    { "copy.batchSize": 5 },
    "copy.batchSize is an unknown key; allowed: fields of dedup-shards:copy, set by pulumi config set --path",
  ],
  [
    { redisPassword: "ge\nheim" },
    "redisPassword is a text with a line break or a NUL in it; allowed: a password on one line",
  ],
  [{ copy: { keysPerSecond: 0 } }, `copy.keysPerSecond is 0; allowed: ${RATE}`],
  [{ copy: { catchUpKeysPerSecond: -1 } }, `copy.catchUpKeysPerSecond is -1; allowed: ${RATE}`],
  [{ backend: { metricsPort: 0 } }, `backend.metricsPort is 0; allowed: ${PORT}`],
  [{ backend: { metricsPort: 65_536 } }, `backend.metricsPort is 65536; allowed: ${PORT}`],
  [{ backend: { metricsPort: "http" } }, `backend.metricsPort is "http"; allowed: ${PORT}`],
  [{ backend: { metricsPath: "metrics" } }, `backend.metricsPath is "metrics"; allowed: ${PATH}`],
  [{ backend: { metricsPath: "/my metrics" } }, `backend.metricsPath is "/my metrics"; allowed: ${PATH}`],
  [{ copy: { batchSize: 1_001 } }, "copy.batchSize is 1001; allowed: a whole number from 1 to 1000"],
  [{ copy: { maxSourceLatencyMs: 0.5 } }, "copy.maxSourceLatencyMs is 0.5; allowed: a whole number from 1 to 60000"],
  [
    { copy: { keysPerSec: 10 } },
    "copy.keysPerSec is an unknown field; allowed: keysPerSecond, catchUpKeysPerSecond, batchSize, bigValueBytes, maxSourceLatencyMs, maxKeyStallMs",
  ],
  [
    { copy: null },
    "copy is null; allowed: an object with any of the fields " +
      "keysPerSecond, catchUpKeysPerSecond, batchSize, bigValueBytes, maxSourceLatencyMs, maxKeyStallMs",
  ],
  [{ verify: { mode: "fast" } }, 'verify.mode is "fast"; allowed: full, sample'],
  [{ verify: { sampleSize: 0 } }, `verify.sampleSize is 0; allowed: ${RATE}`],
  [{ verify: { expiryToleranceMs: -1 } }, "verify.expiryToleranceMs is -1; allowed: a whole number from 0 to 3600000"],
  [{ cleanup: { ttlWindow: 14 } }, `cleanup.ttlWindow is 14; allowed: ${DURATION}`],
  [{ cleanup: { ttlWindow: "14" } }, `cleanup.ttlWindow is "14"; allowed: ${DURATION}`],
  [{ cleanup: { ttlWindow: "-1d" } }, `cleanup.ttlWindow is "-1d"; allowed: ${DURATION}`],
  [{ cleanup: { ttlWindow: "1.5h" } }, `cleanup.ttlWindow is "1.5h"; allowed: ${DURATION}`],
  [{ cleanup: { keysPerSecond: 1e300 } }, `cleanup.keysPerSecond is 1e+300; allowed: ${RATE}`],
  [{ cleanup: { batchSize: 0 } }, "cleanup.batchSize is 0; allowed: a whole number from 1 to 10000"],
  [{ backup: { enabled: "no" } }, 'backup.enabled is "no"; allowed: true or false'],
  [{ backup: { command: " " } }, 'backup.command is " "; allowed: a shell command'],
  [
    { forceRemoveShards: ["a"] },
    'forceRemoveShards[0] is "a"; allowed: only shards that go; in dedup-shards:migrationPhase "stable" this one stays',
  ],
  [
    { migrationPhase: "copy", targetShards: ["b"], forceRemoveShards: ["c", "b"] },
    'forceRemoveShards[1] is "b"; allowed: only shards that go; in dedup-shards:migrationPhase "copy" this one stays',
  ],
  [{ forceRemoveShards: "b" }, 'forceRemoveShards is "b"; allowed: a list of shard names'],
  [{ backup: { directory: "" } }, 'backup.directory is ""; allowed: the path of a directory'],
  [{ monitoring: { enabled: "yes" } }, 'monitoring.enabled is "yes"; allowed: true or false'],
  [{ monitoring: { folder: "" } }, 'monitoring.folder is ""; allowed: the name of a folder in Grafana'],
  [{ monitoring: { runbookUrl: "a#b" } }, 'monitoring.runbookUrl is "a#b"; allowed: a URL without #'],
  [
    { monitoring: { labels: { "bad/key!": "x" } } },
    'monitoring.labels["bad/key!"] is "x"; allowed: a label whose name is one of Kubernetes',
  ],
  [{ monitoring: { labels: ["a"] } }, 'monitoring.labels is ["a"]; allowed: an object: label → value'],
  [
    { monitoring: { labels: { release: "a b" } } },
    'monitoring.labels.release is "a b"; allowed: the value of a Kubernetes label',
  ],
  [{ monitoring: { exporter: { enabled: 1 } } }, "monitoring.exporter.enabled is 1; allowed: true or false"],
  [
    { monitoring: { exporter: { image: "" } } },
    'monitoring.exporter.image is ""; allowed: an image reference without spaces',
  ],
  [
    { monitoring: { backend: { port: 8080 } } },
    "monitoring.backend.port is 8080; allowed: the name of a port of the backend's Service",
  ],
  [
    { monitoring: { limits: { maxMemoryRatio: 80 } } },
    "monitoring.limits.maxMemoryRatio is 80; allowed: a number from 0 to 1",
  ],
  [{ monitoring: { limits: { maxShardP95Ms: 0 } } }, "monitoring.limits.maxShardP95Ms is 0; allowed: a number above 0"],
  [{ monitoring: { limits: { stalled: 30 } } }, `monitoring.limits.stalled is 30; allowed: ${DURATION}`],
  [
    { monitoring: { limits: { stalledMs: 1 } } },
    "monitoring.limits.stalledMs is an unknown field; allowed: maxMemoryRatio, maxTrafficShare, maxShardP95Ms, " +
      "maxCpuRatio, minHitRatioAfterCutover, stalled",
  ],
];

const errorOf = (raw: RawStackConfig): unknown => {
  try {
    return parse(raw);
  } catch (error) {
    return error;
  }
};

describe("parseStackConfig: bad values", () => {
  for (const [raw, line] of BAD) {
    it(line.slice(0, 100), () => {
      const error = errorOf({ shards: ["a"], ...raw });
      expect(error).to.be.instanceOf(ConfigError);
      expect((error as ConfigError).message).to.equal(
        `The stack configuration is not valid. Nothing was changed.\n  dedup-shards:${line}`,
      );
    });
  }

  it("lists every problem at once, with key, value and what is allowed", () => {
    const error = errorOf({
      migrationPhase: "x",
      shards: ["a", "a"],
      copy: { keysPerSecond: 0, speed: 1 },
      shardUrls: { b: "redis://h" },
    }) as ConfigError;
    expect(error.name).to.equal("ConfigError");
    expect(error.problems.map(({ key, value }) => [key, value])).to.deep.equal([
      ["dedup-shards:migrationPhase", '"x"'],
      ["dedup-shards:copy.keysPerSecond", "0"],
      ["dedup-shards:copy.speed", "an unknown field"],
      ["dedup-shards:shards[1]", '"a"'],
      ["dedup-shards:shardUrls.b", "the URL of a shard in neither ring"],
    ]);
    expect(error.problems[1]?.allowed).to.equal(RATE);
  });

  it("does not show the value of an unknown key, which may be a secret under a wrong name", () => {
    expect((errorOf({ shards: ["a"], redisPasword: "geheim" }) as ConfigError).message).to.not.contain("geheim");
  });

  it("shows a long value cut short", () => {
    const { problems } = errorOf({ shards: ["a"], access: "x".repeat(500) }) as ConfigError;
    expect(problems[0]?.value).to.equal(`"${"x".repeat(119)}…`);
  });
});
