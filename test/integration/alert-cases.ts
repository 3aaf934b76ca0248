/** For each alert: series that make it fire, with what it then says, and series that leave it silent. */

/** Series in promtool's notation, one value a minute from the hour 0. */
export type Series = Readonly<Record<string, string>>;

export interface FiringCase {
  readonly when: string;
  readonly series: Series;
  /** Labels of the alert besides its name, severity and namespace. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly says: string;
  /** Minutes; the first at which it fires, when that is part of what is tested. */
  readonly at?: number;
}

export interface SilentCase {
  readonly when: string;
  readonly series: Series;
  readonly at?: number;
}

export interface AlertCases {
  readonly fires: readonly FiringCase[];
  readonly silent: readonly SilentCase[];
}

/** When the series are looked at, unless a case says otherwise. */
export const DEFAULT_AT_MINUTES = 60;

const NS = 'namespace="fractal-lba"';
const shard = (metric: string, name: string) => `${metric}{${NS}, shard="${name}", pod="redis-dedup-${name}-0"}`;
const redisCpu = (mode: string) => shard(`redis_cpu_${mode}_main_thread_seconds_total`, "shard-1");
const commands = (name: string) => shard("redis_commands_processed_total", name);
const ingest = (status: number) => `flk_ingest_total{${NS}, pod="a", status="${status}"}`;
const latency = (metric: string, le: string, labels: string) => `${metric}{${NS}, ${labels}, le="${le}"}`;
const hits = `flk_dedup_hits{${NS}, pod="a"}`;
const phase = (name: string) => `dedup_migration_phase{${NS}, phase="${name}"}`;
const inPhase = (name: string): Series => ({
  [phase(name)]: "1x120",
  [phase(name === "stable" ? "copy" : "stable")]: "0x120",
});
const epoch = (pod: string) => `dedup_ring_epoch{${NS}, pod="${pod}"}`;
const step = (metric: string, more = "") => `dedup_migration_${metric}{${NS}, step="catchUp"${more}}`;
const checkpoint = (source: string) => step("checkpoint_timestamp_seconds", `, source="${source}"`);
const edges = (done: string): Series => ({ [step("edges_done")]: done, [step("edges_planned")]: "3x120" });

/** `share` of 100 commands a minute are slower than 50 ms (the buckets are microseconds). */
const slowCommands = (share: number): Series => {
  const bucket = (le: string) => latency("redis_commands_latencies_usec_bucket", le, 'shard="shard-1", cmd="set"');
  return { [bucket("32768")]: `0+${100 - share}x120`, [bucket("131072")]: "0+100x120", [bucket("+Inf")]: "0+100x120" };
};

const slowAnswers = (share: number, perMinute = 600): Series => {
  const bucket = (le: string) => latency("flk_ingest_duration_seconds_bucket", le, 'pod="a"');
  const fast = (perMinute * (100 - share)) / 100;
  return {
    [ingest(200)]: `0+${perMinute}x120`,
    [bucket("0.1")]: `0+${fast}x120`,
    [bucket("0.5")]: `0+${perMinute}x120`,
    [bucket("+Inf")]: `0+${perMinute}x120`,
  };
};

const memory = (used: number, max: number): Series => ({
  [shard("redis_memory_used_bytes", "shard-1")]: `${used}x120`,
  [shard("redis_memory_max_bytes", "shard-1")]: `${max}x120`,
});

const shardLabel = { shard: "shard-1" };

export const ALERT_CASES: Readonly<Record<string, AlertCases>> = {
  DedupShardMemoryHigh: {
    fires: [
      {
        when: "a shard uses 85 % of its maxmemory",
        series: memory(850, 1000),
        labels: shardLabel,
        says: "shard-1 uses 85% of its maxmemory; full, it refuses writes.",
      },
    ],
    silent: [
      { when: "it uses 80 %", series: memory(800, 1000) },
      { when: "it has no maxmemory", series: memory(850, 0) },
      { when: "it has been so for nine minutes", series: memory(850, 1000), at: 9 },
      {
        when: "it is another namespace's",
        series: {
          'redis_memory_used_bytes{namespace="other", shard="shard-1"}': "9x120",
          'redis_memory_max_bytes{namespace="other", shard="shard-1"}': "10x120",
        },
      },
    ],
  },
  DedupShardHot: {
    fires: [
      {
        when: "one of three gets 70 % of the commands",
        series: {
          [commands("shard-0")]: "0+90x120",
          [commands("shard-1")]: "0+420x120",
          [commands("shard-2")]: "0+90x120",
        },
        labels: shardLabel,
        says: "shard-1 gets 70% of all shards' commands.",
      },
    ],
    silent: [
      { when: "it gets 55 %", series: { [commands("shard-0")]: "0+45x120", [commands("shard-1")]: "0+55x120" } },
      { when: "there is one shard only", series: { [commands("shard-1")]: "0+420x120" } },
      { when: "nothing happens at all", series: { [commands("shard-0")]: "5x120", [commands("shard-1")]: "7x120" } },
    ],
  },
  DedupShardSlow: {
    fires: [
      {
        when: "10 % of the commands take longer than 50 ms",
        series: slowCommands(10),
        labels: shardLabel,
        says: "p95 of the commands of shard-1 is 81.92ms.",
      },
    ],
    silent: [{ when: "4 % do", series: slowCommands(4) }],
  },
  DedupShardCpuHigh: {
    fires: [
      {
        when: "user and system time together are 80 % of a core",
        series: { [redisCpu("user")]: "0+36x120", [redisCpu("sys")]: "0+12x120" },
        labels: shardLabel,
        says: "The main thread of shard-1 uses 80% of its core.",
      },
    ],
    silent: [{ when: "they are 60 %", series: { [redisCpu("user")]: "0+24x120", [redisCpu("sys")]: "0+12x120" } }],
  },
  DedupBackendErrors: {
    fires: [
      {
        when: "2 % of the submissions end in a 5xx",
        series: { [ingest(200)]: "0+588x120", [ingest(500)]: "0+6x120", [ingest(503)]: "0+6x120" },
        says: "2% of the submissions end in a 5xx.",
      },
    ],
    silent: [
      { when: "half a percent do", series: { [ingest(200)]: "0+597x120", [ingest(503)]: "0+3x120" } },
      { when: "none ever did", series: { [ingest(200)]: "0+600x120" } },
      { when: "there is next to no traffic", series: { [ingest(200)]: "0+3x120", [ingest(500)]: "0+3x120" } },
    ],
  },
  DedupBackendSlow: {
    fires: [
      {
        when: "10 % of the answers take longer than 200 ms",
        series: slowAnswers(10),
        says: "p95 of the submissions is 300ms.",
      },
    ],
    silent: [
      { when: "4 % do", series: slowAnswers(4) },
      { when: "there is next to no traffic", series: slowAnswers(10, 10) },
    ],
  },
  DedupDualWriteErrors: {
    fires: [
      {
        when: "one claim in two seconds fails",
        series: { [`flk_dedup_dual_write_errors{${NS}, pod="a"}`]: "0+30x120" },
        says: "500m claims a second end in a retry because an owner failed.",
      },
    ],
    silent: [
      { when: "some failed once, long ago", series: { [`flk_dedup_dual_write_errors{${NS}, pod="a"}`]: "0 9x120" } },
    ],
  },
  DedupHitRatioLow: {
    fires: [
      {
        when: "10 % are duplicates after the cutover",
        series: { ...inPhase("cutover"), [ingest(200)]: "0+600x120", [hits]: "0+60x120" },
        says: "Only 10% of the submissions are answered as duplicates.",
      },
      {
        when: "the same during the cleanup",
        series: { ...inPhase("cleanup"), [ingest(200)]: "0+600x120", [hits]: "0+60x120" },
        says: "Only 10% of the submissions are answered as duplicates.",
      },
      {
        when: "the same while no phase is known",
        series: { [ingest(200)]: "0+600x120", [hits]: "0+60x120" },
        says: "Only 10% of the submissions are answered as duplicates.",
      },
    ],
    silent: [
      { when: "30 % are", series: { ...inPhase("cutover"), [ingest(200)]: "0+600x120", [hits]: "0+180x120" } },
      {
        when: "reads have not moved",
        series: { ...inPhase("dualWrite"), [ingest(200)]: "0+600x120", [hits]: "0+60x120" },
      },
      {
        when: "there is next to no traffic",
        series: { ...inPhase("cutover"), [ingest(200)]: "0+6x120", [hits]: "0x120" },
      },
    ],
  },
  DedupRingEpochSkew: {
    fires: [
      {
        when: "a pod has kept an old ring for longer than a rollout takes",
        series: { [epoch("a")]: "4x120", [epoch("b")]: "3x120", [epoch("c")]: "4x120" },
        says: "The oldest ring epoch among the backend's pods is 1 behind the newest.",
        at: 16,
      },
    ],
    silent: [
      { when: "a rollout is under way", series: { [epoch("a")]: "4x120", [epoch("b")]: "3x120" }, at: 14 },
      { when: "all pods have the same", series: { [epoch("a")]: "4x120", [epoch("b")]: "4x120" } },
    ],
  },
  DedupMigrationStalled: {
    fires: [
      {
        when: "no source has written a checkpoint for 31 minutes",
        series: { ...inPhase("dualWrite"), ...edges("1x120"), [checkpoint("a")]: "0x120", [checkpoint("b")]: "60x120" },
        labels: { step: "catchUp" },
        says: "catchUp has written no checkpoint for 33m 0s, and is not done.",
        at: 34,
      },
      {
        when: "the run was killed, so that its figures are gone",
        series: { ...edges("1x5 _x115"), [checkpoint("a")]: "60x5 _x115" },
        labels: { step: "catchUp" },
        says: "catchUp has written no checkpoint for 59m 0s, and is not done.",
      },
    ],
    silent: [
      { when: "29 minutes ago there was one", series: { ...edges("1x120"), [checkpoint("a")]: "60x120" }, at: 30 },
      {
        when: "one source goes on",
        series: { ...edges("1x120"), [checkpoint("a")]: "0x120", [checkpoint("b")]: "0+60x120" },
      },
      {
        when: "the ring is back in copy, in which nothing is brought into step",
        series: { ...inPhase("copy"), ...edges("1x120"), [checkpoint("a")]: "60x120" },
      },
      { when: "all edges are done", series: { ...edges("3x120"), [checkpoint("a")]: "60x120" } },
      {
        when: "the migration was given up",
        series: { ...inPhase("stable"), ...edges("1x120"), [checkpoint("a")]: "60x120" },
      },
    ],
  },
  DedupShardEvicting: {
    fires: [
      {
        when: "a shard evicts keys while a migration is open",
        series: { ...inPhase("copy"), [shard("redis_evicted_keys_total", "shard-1")]: "0+120x120" },
        labels: shardLabel,
        says: "shard-1 evicts 2 keys a second. Each is a first write forgotten.",
      },
      {
        when: "it does while no phase is known",
        series: { [shard("redis_evicted_keys_total", "shard-1")]: "0+120x120" },
        labels: shardLabel,
        says: "shard-1 evicts 2 keys a second. Each is a first write forgotten.",
      },
    ],
    silent: [
      {
        when: "no migration is open",
        series: { ...inPhase("stable"), [shard("redis_evicted_keys_total", "shard-1")]: "0+120x120" },
      },
      {
        when: "it evicted some before",
        series: { ...inPhase("copy"), [shard("redis_evicted_keys_total", "shard-1")]: "120x120" },
      },
    ],
  },
};
