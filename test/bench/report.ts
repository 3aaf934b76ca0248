/** What was measured, as Markdown. */
import type { Growth } from "./cases/growth";
import type { Pacing } from "./cases/pacing";
import type { Contest, Standing } from "./contest";
import type { Waits } from "./probe";
import { ratiosOf, type Ratio } from "./ratios";

/** All that a run of the benchmarks found. */
export interface Results {
  readonly machine: string;
  readonly keys: number;
  readonly rounds: number;
  /** What the probe waits while nothing else happens. */
  readonly idle: Waits;
  readonly contests: Readonly<Record<string, Pick<Contest, "title" | "task">>>;
  readonly standings: Readonly<Record<string, readonly Standing[]>>;
  readonly pacing: readonly Pacing[];
  readonly growth: readonly Growth[];
}

const count = (value: number): string => (Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–");
const decimal = (value: number, digits = 1): string => (Number.isFinite(value) ? value.toFixed(digits) : "–");
const waitsOf = ({ p50, p99, max }: Waits): string => [p50, p99, max].map((ms) => decimal(ms, 2)).join(" / ");
const MIB = 2 ** 20;

export function reportOf(results: Results): string {
  const { machine, keys, rounds, idle, contests, standings } = results;
  const tables = Object.entries(contests).flatMap(([name, { title, task }]) => [
    ...[`## ${title}`, "", `To ${task}.`.replace(/^To all/, "All"), ""],
    ...table(standings[name] ?? []),
  ]);
  return [
    "# Performance",
    "",
    "Written by `npm run bench -- --docs`; rates are worth only what they are to each other.",
    "",
    `${machine}. ${count(keys)} keys of 65 bytes with about 200 bytes of JSON and an expiry, on three shards; a fourth one joins. ` +
      `Medians of ${rounds} rounds, in each of which everything ran once, one after the other, at full speed. A probe asks the first ` +
      `shard for a key a thousand times a second meanwhile: p50 / p99 / most in ms. While nothing else happens it waits ${waitsOf(idle)}.`,
    "",
    ...ratioTable(ratiosOf(standings)),
    ...tables,
    ...pacingTable(results.pacing),
    ...growthTable(results.growth),
  ].join("\n");
}

function ratioTable(ratios: readonly Ratio[]): string[] {
  const rows = ratios.map(
    ({ name, value, aim }) => `| ${name} | ${decimal(value, 2)} | ${aim} | ${verdict(value, aim)} |`,
  );
  return ["| ratio | reached | aim | |", "| --- | --: | --: | --- |", ...rows, ""];
}

function verdict(value: number, aim: number): string {
  if (!Number.isFinite(value)) return "not measured";
  return value >= aim ? "" : `missed by ${Math.round(100 * (1 - value / aim))} %`;
}

function table(standings: readonly Standing[]): string[] {
  const rows = standings.map(
    ({ name, keys, keysPerSecond: { median, min, max }, serverMicrosecondsPerKey, probe }) =>
      `| ${name} | ${count(keys)} | ${count(median)} | ${count(min)} to ${count(max)} | ` +
      `${decimal(serverMicrosecondsPerKey)} | ${waitsOf(probe)} |`,
  );
  return [
    "| | keys | keys/s | from … to | server µs/key | probe, ms |",
    "| --- | --: | --: | --: | --: | --: |",
    ...rows,
    "",
  ];
}

function pacingTable(pacing: readonly Pacing[]): string[] {
  if (pacing.length === 0) return [];
  const rows = pacing.map(
    ({ keysPerSecond, error, burst }) =>
      `| ${count(keysPerSecond)} | ${decimal(100 * error, 2)} % | ${decimal(burst, 2)} |`,
  );
  return [
    ...["## The throttle", "", "Ten seconds at each rate.", ""],
    ...["| keys/s asked for | off by | most ahead, batches |", "| --: | --: | --: |", ...rows, ""],
  ];
}

function growthTable(growth: readonly Growth[]): string[] {
  if (growth.length === 0) return [];
  const rows = growth.map(
    ({ shards, keys, movers, busiestMovers, seconds, peakBytes }) =>
      `| ${shards} → ${shards + 1} | ${count(keys)} | ${count(movers)} | ${count(busiestMovers)} | ${decimal(seconds)} | ` +
      `${decimal((1e6 * seconds) / keys, 2)} | ${decimal(peakBytes / MIB)} |`,
  );
  return [
    ...["## Growth", "", "A pre-copy and a full pass of a verify, in a process of its own.", ""],
    "| ring | keys | movers | of the busiest source | s | µs per key | peak memory of the process, MiB |",
    ...["| --- | --: | --: | --: | --: | --: | --: |", ...rows, ""],
  ];
}
