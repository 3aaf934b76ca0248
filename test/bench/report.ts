/** What was measured, as Markdown. */
import type { Growth } from "./cases/growth";
import type { Pacing } from "./cases/pacing";
import type { Cost, Profile } from "./cases/profile";
import type { ScriptTimes } from "./cases/value-sizes";
import type { Contest, Standing } from "./contest";
import type { Waits } from "./probe";
import { REMARKS } from "./remarks";
import type { PulumiSpeed } from "./pulumi-speed";
import { memoryRatiosOf, pulumiRatiosOf, ratiosOf, type Ratio } from "./ratios";

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
  readonly valueSizes: readonly ScriptTimes[];
  readonly profile?: Profile;
  readonly growth: readonly Growth[];
  readonly pulumi?: PulumiSpeed;
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
    "How fast the engines are beside their peers, and what they cost live traffic. Written by `npm run bench -- --docs`; compare rates only with each other.",
    "",
    `${machine}. ${count(keys)} keys of 65 bytes with about 200 bytes of JSON and an expiry, on three shards; a fourth one joins. ` +
      `Medians of ${rounds} rounds, in each of which everything ran once, one after the other, at full speed. A probe asks the first ` +
      `shard for a key a thousand times a second meanwhile: p50 / p99 / most in ms. While nothing else happens it waits ${waitsOf(idle)}.`,
    "",
    ...ratioTable([...ratiosOf(standings), ...memoryRatiosOf(results.growth), ...pulumiRatiosOf(results.pulumi)]),
    ...tables,
    ...pacingTable(results.pacing),
    ...valueSizesTable(results.valueSizes),
    ...growthTable(results.growth),
    ...profileTable(results.profile),
    ...pulumiTable(results.pulumi),
    ...REMARKS,
  ].join("\n");
}

function ratioTable(ratios: readonly Ratio[]): string[] {
  const rows = ratios.map((ratio) => {
    const { name, value, aim, atMost = false } = ratio;
    return `| ${name} | ${decimal(value, 2)} | ${atMost ? "at most " : ""}${aim} | ${verdict(ratio)} |`;
  });
  return ["| ratio | reached | aim | |", "| --- | --: | --: | --- |", ...rows, ""];
}

function verdict({ value, aim, atMost = false }: Ratio): string {
  if (!Number.isFinite(value)) return "not measured";
  const missedBy = atMost ? value / aim - 1 : 1 - value / aim;
  return missedBy > 0 ? `missed by ${Math.round(100 * missedBy)} %` : "";
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

function valueSizesTable(sizes: readonly ScriptTimes[]): string[] {
  if (sizes.length === 0) return [];
  const times = ({ p50, p99 }: ScriptTimes["source"]) => `${decimal(p50, 2)} / ${decimal(p99, 2)}`;
  const rows = sizes.map(
    ({ valueBytes, keysPerScript, source, target }) =>
      `| ${count(valueBytes)} | ${decimal(keysPerScript)} | ${times(source)} | ${times(target)} |`,
  );
  return [
    ...["## Large values", "", "How long one script of a copy holds a server up: p50 / p99 in ms.", ""],
    ...["| bytes of a value | keys per script | source | target |", "| --: | --: | --: | --: |", ...rows, ""],
  ];
}

function growthTable(growth: readonly Growth[]): string[] {
  if (growth.length === 0) return [];
  const rows = growth.map(
    ({ shards, keys, movers, busiestMovers, seconds, startBytes, peakBytes }) =>
      `| ${shards} → ${shards + 1} | ${count(keys)} | ${count(movers)} | ${count(busiestMovers)} | ${decimal(seconds)} | ` +
      `${decimal((1e6 * seconds) / keys, 2)} | ${decimal(startBytes / MIB)} | ${decimal(peakBytes / MIB)} |`,
  );
  return [
    ...["## Growth", "", "A pre-copy and a full pass of a verify, in a process of its own.", ""],
    "| ring | keys | movers | of the busiest source | s | µs per key | memory before the work, MiB | at most, MiB |",
    ...["| --- | --: | --: | --: | --: | --: | --: | --: |", ...rows, ""],
  ];
}

function profileTable(profile: Profile | undefined): string[] {
  if (profile === undefined) return [];
  const { groups, functions } = profile;
  const rows = (costs: readonly Cost[]) =>
    costs.map(({ name, share }) => `| ${name.replaceAll("|", "\\|")} | ${decimal(100 * share)} % |`);
  const [first, second, third] = groups.filter(({ name }) => !name.startsWith("waiting"));
  return [
    ...["## Where the engine's time goes", ""],
    "A pre-copy at full speed, sampled as by `node --cpu-prof`. The three largest costs of the engine itself: " +
      `${first?.name}, ${second?.name}, ${third?.name}.`,
    ...["", "| what | of the time |", "| --- | --: |", ...rows(groups), ""],
    ...["| function, without what it calls | of the time |", "| --- | --: |", ...rows(functions), ""],
  ];
}

function pulumiTable(speed: PulumiSpeed | undefined): string[] {
  if (speed === undefined) return [];
  const { preview, up, states } = speed;
  const row = (what: string, { own, empty }: PulumiSpeed["up"]) =>
    `| ${what} | ${decimal(own.median)} | ${decimal(empty.median)} | ${decimal(own.median / empty.median, 2)} |`;
  const sizes = states.map(
    ({ shards, bytes, gzippedBytes }) => `| ${shards} | ${count(bytes / 1_000)} | ${count(gzippedBytes / 1_000)} |`,
  );
  return [
    ...["## Pulumi", "", "A program that declares one ConfigMap stands beside this one, in the same rounds.", ""],
    ...["| | this program, s | the other, s | ratio |", "| --- | --: | --: | --: |"],
    ...[row("preview without a difference", preview), row("`up` without a difference", up)],
    ...[
      "",
      "What the state takes, plain and as a backend of one's own stores it with `PULUMI_DIY_BACKEND_GZIP=true`.",
      "",
    ],
    ...["| shards | kB | gzipped, kB |", "| --- | --: | --: |", ...sizes, ""],
  ];
}
