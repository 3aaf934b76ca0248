/** Every key of the config, as errors name them. */
export const KEYS =
  "migrationPhase, shards, targetShards, vnodes, keyPrefix, planDigest, requirePlanDigest, namespace, shardUrls, " +
  "access, redis, networkPolicy, ringLock, shard, backend, execution, job, copy, verify, cleanup, backup, metrics, monitoring, grafana, report, " +
  "forceRemoveShards, redisPassword, redisUserPassword, redisClientKey, metricsToken, metricsPassword, grafanaToken, notify";
