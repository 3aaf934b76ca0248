/**
 * PromQL for the figures that dashboards draw and alerts watch, each defined once. Pure.
 *
 * Ratios are 0 to 1, times are seconds. Shards are told apart by the label `shard`, the name in the ring, which the
 * ServiceMonitor adds.
 */

import type { MigrationMetrics } from "./migration-metrics";

/** Which series, and over which time. */
export interface Scope {
  /** Matchers, such as `namespace="a"`. */
  readonly matchers: string;
  /** The range of rates, such as `5m`. */
  readonly range: string;
}

/** @returns the scope of all series of one namespace. */
export const namespaceScope = (namespace: string, range: string): Scope => ({
  matchers: `namespace=${JSON.stringify(namespace)}`,
  range,
});

/** @returns a scope with a further matcher. */
export const narrowed = ({ matchers, range }: Scope, matcher: string): Scope => ({
  matchers: `${matchers}, ${matcher}`,
  range,
});

/** A run pushes every five seconds. */
const ALIVE_SECONDS = 60;
const BY_SHARD = "by (namespace, shard)";
const BY_NAMESPACE = "by (namespace)";

/** @returns a selector. */
export const select = (metric: string, { matchers }: Scope): string => `${metric}{${matchers}}`;

const rate = (metric: string, scope: Scope): string => `rate(${select(metric, scope)}[${scope.range}])`;

/** Figures of shards, by `namespace` and `shard`. */
export const shardQueries = {
  memoryUsed: (scope: Scope) => `max ${BY_SHARD} (${select("redis_memory_used_bytes", scope)})`,
  /** None for a shard without a `maxmemory`, which is reported as 0. */
  memoryMax: (scope: Scope) => `max ${BY_SHARD} (${select("redis_memory_max_bytes", scope)}) > 0`,
  memoryRatio: (scope: Scope) => `${shardQueries.memoryUsed(scope)} / (${shardQueries.memoryMax(scope)})`,
  keys: (scope: Scope) => `sum ${BY_SHARD} (${select("redis_db_keys", scope)})`,
  commandsPerSecond: (scope: Scope) => `sum ${BY_SHARD} (${rate("redis_commands_processed_total", scope)})`,
  /** None for a single shard, which has all the traffic by nature. */
  trafficShare: (scope: Scope) => {
    const commands = shardQueries.commandsPerSecond(scope);
    const all = `sum ${BY_NAMESPACE} (${rate("redis_commands_processed_total", scope)})`;
    const several = `count ${BY_NAMESPACE} (${commands}) > 1`;
    return `${commands} / on (namespace) group_left () (${all} and on (namespace) (${several}))`;
  },
  /** The buckets' bounds are microseconds. */
  p95: (scope: Scope, by = "namespace, shard") =>
    `histogram_quantile(0.95, sum by (${by}, le) (${rate("redis_commands_latencies_usec_bucket", scope)})) / 1e6`,
  /** Without the commands that nobody calls, whose quantile is no number. */
  p95ByCommand: (scope: Scope) => `${shardQueries.p95(scope, "namespace, shard, cmd")} >= 0`,
  hitRatio: (scope: Scope) => {
    const [hits, misses] = ["hits", "misses"].map(
      (what) => `sum ${BY_SHARD} (${rate(`redis_keyspace_${what}_total`, scope)})`,
    );
    return `${hits} / (${hits} + ${misses})`;
  },
  evictionsPerSecond: (scope: Scope) => `sum ${BY_SHARD} (${rate("redis_evicted_keys_total", scope)})`,
  connections: (scope: Scope) => `sum ${BY_SHARD} (${select("redis_connected_clients", scope)})`,
  /** Of the main thread: commands run on it alone, whatever else the process does on other cores. */
  cpuRatio: (scope: Scope) => {
    const [user, sys] = ["user", "sys"].map((mode) => rate(`redis_cpu_${mode}_main_thread_seconds_total`, scope));
    return `sum ${BY_SHARD} (${user} + ${sys})`;
  },
};

/** Figures of the backend, by `namespace`. Its metrics: docs/reference/backend-contract.md, 6. */
export const backendQueries = {
  requestsPerSecond: (scope: Scope) => `sum ${BY_NAMESPACE} (${rate("flk_ingest_total", scope)})`,
  requestsByStatus: (scope: Scope) => `sum by (namespace, status) (${rate("flk_ingest_total", scope)})`,
  /** 0 rather than nothing while no series with a 5xx exists. */
  errorRatio: (scope: Scope) => {
    const errors = backendQueries.requestsPerSecond(narrowed(scope, 'status=~"5.."'));
    const requests = backendQueries.requestsPerSecond(scope);
    return `(${errors} or ${requests} * 0) / ${requests}`;
  },
  hitRatio: (scope: Scope) =>
    `sum ${BY_NAMESPACE} (${rate("flk_dedup_hits", scope)}) / ${backendQueries.requestsPerSecond(scope)}`,
  latency: (quantile: number, scope: Scope) =>
    `histogram_quantile(${quantile}, sum by (namespace, le) (${rate("flk_ingest_duration_seconds_bucket", scope)}))`,
  dualWriteErrorsPerSecond: (scope: Scope) => `sum ${BY_NAMESPACE} (${rate("flk_dedup_dual_write_errors", scope)})`,
  epochByPod: (scope: Scope) => `max by (namespace, pod) (${select("dedup_ring_epoch", scope)})`,
  /** 0 while all pods run the same ring epoch. */
  epochSkew: (scope: Scope) => {
    const epoch = select("dedup_ring_epoch", scope);
    return `max ${BY_NAMESPACE} (${epoch}) - min ${BY_NAMESPACE} (${epoch})`;
  },
};

/**
 * Figures of a migration, by `step` and, where it says so, by `source`. Aggregated over whoever reports them, so that a
 * pushed figure and a scraped one look alike.
 */
export function migrationQueries(metrics: MigrationMetrics, scope: Scope) {
  const max = (by: string, metric: string) => `max by (${by}) (${select(metric, scope)})`;
  const bySource = (metric: string) => max("namespace, step, source", metric);
  const byStep = (metric: string) => max("namespace, step", metric);
  const inAll = (metric: string) => `sum by (namespace, step) (${bySource(metric)})`;
  // What a run pushed last stays, also when it was killed: the Pushgateway says when that was.
  const pushedAt = `max by (namespace, step) (${select("push_time_seconds", narrowed(scope, 'step!=""'))})`;
  const alive = `time() - ${pushedAt} < ${ALIVE_SECONDS}`;
  // What is finished stays as well: a figure is of the step that was pushed last.
  const isLatest = `${pushedAt} == on (namespace) group_left () max by (namespace) (${pushedAt})`;
  const latest = (query: string) => `(${query}) and on (namespace, step) (${isLatest})`;
  const left = `clamp_min(${byStep(metrics.keysPlanned)} - ${inAll(metrics.keysDone)}, 0)`;
  const inPhase = (matcher: string) => `max by (namespace) (${select(metrics.phase, narrowed(scope, matcher))}) == 1`;
  return {
    phase: `${max("namespace, phase", metrics.phase)} == 1`,
    inPhase,
    edgesDone: latest(byStep(metrics.edgesDone)),
    edgesPlanned: latest(byStep(metrics.edgesPlanned)),
    keysDone: bySource(metrics.keysDone),
    keysPlanned: byStep(metrics.keysPlanned),
    /** More keys may have come since the plan counted them. */
    keysRatio: latest(`clamp_max(${inAll(metrics.keysDone)} / (${byStep(metrics.keysPlanned)} > 0), 1)`),
    secondsLeft: latest(`${left} / ((${byStep(metrics.keysPerSecond)} > 0) and on (namespace, step) (${alive}))`),
    keysPerSecond: `${byStep(metrics.keysPerSecond)} and on (namespace, step) (${alive})`,
    throttle: byStep(metrics.throttle),
    checkpointAge: latest(`time() - min by (namespace, step) (${bySource(metrics.checkpoint)})`),
    checkpointAgeBySource: `time() - ${bySource(metrics.checkpoint)}`,
    errors: latest(byStep(metrics.errors)),
    verifyChecked: max("namespace", metrics.verifyChecked),
    verifyMissing: max("namespace", metrics.verifyMissing),
    verifyDifferent: max("namespace", metrics.verifyDifferent),
    verifyExtra: max("namespace", metrics.verifyExtra),
    verifyRepaired: max("namespace", metrics.verifyRepaired),
  };
}
