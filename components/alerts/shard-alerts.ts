import type { Limits } from "../monitoring/limits";
import { namespaceScope, shardQueries as shard } from "../monitoring/promql";
import { type Alert, MINUTE_MS } from "./rule";

/** @returns the alerts that say when a ring wants resharding. Pure. */
export function shardAlerts(namespace: string, { alerts }: Limits): readonly Alert[] {
  const scope = namespaceScope(namespace, "5m");
  return [
    {
      name: "DedupShardMemoryHigh",
      expr: `${shard.memoryRatio(scope)} > ${alerts.maxMemoryRatio}`,
      forMs: 10 * MINUTE_MS,
      severity: "warning",
      summary: "{{ $labels.shard }} fills up",
      description:
        "{{ $labels.shard }} uses {{ $value | humanizePercentage }} of its maxmemory; full, it refuses writes.",
      section: "shard-memory",
    },
    {
      name: "DedupShardHot",
      expr: `${shard.trafficShare(scope)} > ${alerts.maxTrafficShare}`,
      forMs: 15 * MINUTE_MS,
      severity: "warning",
      summary: "{{ $labels.shard }} is hot",
      description: "{{ $labels.shard }} gets {{ $value | humanizePercentage }} of all shards' commands.",
      section: "hot-shard",
    },
    {
      name: "DedupShardSlow",
      expr: `${shard.p95(scope)} > ${alerts.maxShardP95Ms / 1000}`,
      forMs: 10 * MINUTE_MS,
      severity: "warning",
      summary: "{{ $labels.shard }} is slow",
      description: "p95 of the commands of {{ $labels.shard }} is {{ $value | humanizeDuration }}.",
      section: "slow-shard",
    },
    {
      name: "DedupShardCpuHigh",
      expr: `${shard.cpuRatio(scope)} > ${alerts.maxCpuRatio}`,
      forMs: 15 * MINUTE_MS,
      severity: "warning",
      summary: "{{ $labels.shard }} is short of CPU",
      description: "The main thread of {{ $labels.shard }} uses {{ $value | humanizePercentage }} of its core.",
      section: "shard-cpu",
    },
  ];
}
