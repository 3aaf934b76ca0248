/** What is aimed at, as ratios of rates that were measured side by side. */
import type { Growth } from "./cases/growth";
import type { Standing } from "./contest";
import type { PulumiSpeed } from "./pulumi-speed";

/** One aim. */
export interface Ratio {
  readonly name: string;
  /** NaN where the peer was not there. */
  readonly value: number;
  readonly aim: number;
  /** Whether less is better. */
  readonly atMost?: boolean;
}

/** The standings of all contests, by contest and contender. */
export type Standings = Readonly<Record<string, readonly Standing[]>>;

const ratio = (name: string, value: number, aim: number): Ratio => ({ name, value, aim });
const atMost = (name: string, value: number, aim: number): Ratio => ({ name, value, aim, atMost: true });

/** @returns all aims of the engines' speed, with what was reached. */
export function ratiosOf(standings: Standings): readonly Ratio[] {
  const rate = (contest: string, start: string) =>
    standings[contest]?.find(({ name }) => name.startsWith(start))?.keysPerSecond.median ?? NaN;
  const find = (peer: string) => rate("find", "dedup-shards") / rate("find", peer);
  const copy = (peer: string) => rate("copy", "dedup-shards") / rate("copy", peer);
  const other = (peer: string) => rate("otherTypes", "dedup-shards") / rate("otherTypes", peer);
  const engine = (name: string, peer: string) => rate("engines", name) / rate("engines", peer);
  const shake = rate("replace", "RedisShake");
  const p99 = (start: string) => standings["liveTraffic"]?.find(({ name }) => name.startsWith(start))?.probe.p99 ?? NaN;
  return [
    ratio("finding movers : a bare SCAN without routing", find("a bare SCAN"), 0.75),
    ratio("finding movers : redis-cli --scan", find("redis-cli"), 3),
    ratio("scan, route and copy : RedisShake", rate("replace", "dedup-shards") / shake, 2.2),
    ratio("copying : redis-cli --cluster reshard", copy("redis-cli"), 3),
    ratio("copying : a raw socket", copy("GET → SET"), 0.75),
    ratio("scan, route, copy and verify every key : RedisShake", rate("replace", "dedup-shards, every") / shake, 3.5),
    ratio("copying other types : pipelined DUMP → RESTORE", other("DUMP"), 0.9),
    ratio("full verify, both directions : pre-copy", engine("verify", "pre-copy"), 0.9),
    ratio("catch-up with nothing to do : pre-copy", engine("catch-up, nothing", "pre-copy"), 2),
    ratio("comparing strings : the checkout beside", rate("beside", "strings") / rate("beside", "strings, "), 0.95),
    atMost("p99 of the probe, at the default throttle : idle", p99("at the default") / p99("nothing"), 1.1),
    atMost("p99 of the probe, unthrottled, in ms", p99("unthrottled"), 5),
  ];
}

/** @returns the aims of memory. */
export function memoryRatiosOf(growth: readonly Growth[]): readonly Ratio[] {
  const peaks = growth.map(({ peakBytes }) => peakBytes);
  // The same ring, with four times the keys.
  const [few = NaN, many = NaN] = peaks;
  return [
    atMost("peak memory with 6,000,000 keys : with 1,500,000", many / few, 1.1),
    atMost("peak memory at most, in MB", peaks.length > 0 ? Math.max(...peaks) / 1e6 : NaN, 200),
  ];
}

/** @returns the aims of what Pulumi itself costs. */
export function pulumiRatiosOf(speed: PulumiSpeed | undefined): readonly Ratio[] {
  const beside = (times: PulumiSpeed["up"] | undefined) => (times ? times.own.median / times.empty.median : NaN);
  const large = speed?.states.at(-1);
  return [
    atMost("preview without a difference : a program with one ConfigMap", beside(speed?.preview), 1.5),
    atMost("`up` without a difference : a program with one ConfigMap", beside(speed?.up), 1.5),
    atMost("the state with 16 shards, in kB", (large?.bytes ?? NaN) / 1_000, 200),
    atMost("the same, gzipped, in kB", (large?.gzippedBytes ?? NaN) / 1_000, 200),
  ];
}
