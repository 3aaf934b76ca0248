import { CustomVariableBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Limits } from "../monitoring/limits";
import { namespaceScope, narrowed, shardQueries as shard } from "../monitoring/promql";
import { type BuiltDashboard, type DashboardRow, dashboardOf, RATE_INTERVAL } from "./dashboard";
import { graph } from "./panels";

export interface ShardHealthArgs {
  readonly namespace: string;
  /** The shards that exist, in ring order: each gets a row. */
  readonly shards: readonly string[];
  readonly limits: Limits;
}

/** @returns the dashboard of the shards: all side by side, and then a row for each. */
export function shardHealth(args: ShardHealthArgs): BuiltDashboard {
  const shards = new CustomVariableBuilder("shard")
    .label("Shard")
    .description("The shards that exist; the list changes with the ring.")
    .values(args.shards.join(","))
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ["All"], value: ["$__all"] })
    .options([]);
  const rows = [sideBySide(args), eachShard(args)];
  return dashboardOf({ kind: "shards", title: "Dedup shards", namespace: args.namespace, rows }, (builder) =>
    builder.withVariable(shards),
  );
}

const chosenShards = ({ namespace }: ShardHealthArgs) =>
  narrowed(namespaceScope(namespace, RATE_INTERVAL), 'shard=~"$shard"');

function sideBySide(args: ShardHealthArgs): DashboardRow {
  const { alerts } = args.limits;
  const all = namespaceScope(args.namespace, RATE_INTERVAL);
  const panel = (title: string, description: string, unit: string, expr: string, max?: number) =>
    graph({
      title,
      description,
      unit,
      columns: 6,
      queries: [{ expr, legend: "{{shard}}" }],
      ...(max === undefined ? {} : { limit: { max } }),
    });
  return {
    title: "All shards",
    panels: [
      panel(
        "Memory used of maxmemory",
        "At 100 % a shard refuses writes. Above the line: add a shard, or memory.",
        "percentunit",
        shard.memoryRatio(all),
        alerts.maxMemoryRatio,
      ),
      panel(
        "Share of the traffic",
        "Of all shards' commands. Even shares are the rule; above the line one shard is hot.",
        "percentunit",
        shard.trafficShare(all),
        alerts.maxTrafficShare,
      ),
      panel(
        "Command p95",
        "95 % of a shard's commands took no longer.",
        "s",
        shard.p95(all),
        alerts.maxShardP95Ms / 1000,
      ),
      panel(
        "CPU of the main thread",
        "Commands run on one core only. Above the line they begin to queue.",
        "percentunit",
        shard.cpuRatio(all),
        alerts.maxCpuRatio,
      ),
    ],
  };
}

function eachShard(args: ShardHealthArgs): DashboardRow {
  const scope = chosenShards(args);
  const panel = (title: string, description: string, unit: string, ...queries: [expr: string, legend: string][]) =>
    graph({ title, description, unit, columns: 6, queries: queries.map(([expr, legend]) => ({ expr, legend })) });
  return {
    title: "$shard",
    repeat: "shard",
    panels: [
      panel(
        "Memory",
        "Used memory against maxmemory.",
        "bytes",
        [shard.memoryUsed(scope), "used"],
        [shard.memoryMax(scope), "maxmemory"],
      ),
      panel("Keys", "All keys of the shard, movers among them.", "short", [shard.keys(scope), "keys"]),
      panel("Commands", "Commands per second, the migration's among them.", "ops", [
        shard.commandsPerSecond(scope),
        "commands",
      ]),
      panel("p95 by command", "95 % of the calls of a command took no longer.", "s", [
        shard.p95ByCommand(scope),
        "{{cmd}}",
      ]),
      panel("Hit ratio", "Reads that found a key. New ids miss by nature.", "percentunit", [
        shard.hitRatio(scope),
        "hit ratio",
      ]),
      panel("Evictions", "Keys thrown away for lack of memory. Must be 0: each is a first write forgotten.", "ops", [
        shard.evictionsPerSecond(scope),
        "evicted keys",
      ]),
      panel("Connections", "Clients that are connected.", "short", [shard.connections(scope), "connections"]),
      panel("CPU", "Use of the one core that runs commands.", "percentunit", [shard.cpuRatio(scope), "main thread"]),
    ],
  };
}
