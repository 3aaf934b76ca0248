/** A report as its parts, which Markdown and HTML show each in its own way. */
import type { Sample } from "../engines/samples";
import { formatCount as count, formatPercent } from "../plan/format";
import { formatDuration } from "../plan/duration";
import { describeVerification, messageOf } from "./messages";
import type { ReportFacts, StepCounts } from "./facts";
import type { BarChart, LineChart } from "./svg";

export interface Table {
  /** The first column has names, the others have numbers. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  readonly table?: Table;
  /** Only where pictures are shown. */
  readonly chart?: BarChart | LineChart;
}

export interface Report {
  readonly title: string;
  /** The same as is sent to people. */
  readonly message: string;
  readonly sections: readonly Section[];
}

/** @returns the report of a phase. */
export function reportOf(facts: ReportFacts): Report {
  const { stack, from, phase, epoch, atMs } = facts;
  return {
    title: `${stack}: ${from && from !== phase ? `${from} → ` : ""}${phase}`,
    message: messageOf(facts),
    sections: [
      { title: "When", lines: [`${new Date(atMs).toISOString()}, in ring epoch ${epoch}.`] },
      keysPerShard(facts),
      ...steps(facts),
      ...copyRate("pre-copy", facts.preCopySamples),
      ...copyRate("catch-up", facts.catchUpSamples),
      verification(facts),
    ],
  };
}

function keysPerShard({ plan, shards, targetShards, keysNow }: ReportFacts): Section {
  const before = plan?.keys_per_shard ?? {};
  const names = [...new Set([...shards, ...targetShards, ...Object.keys(keysNow)])];
  const silent = Object.entries(keysNow).filter(([, keys]) => typeof keys === "string");
  const numbers = names.map((name) => {
    const now = keysNow[name];
    return { name, values: [before[name], typeof now === "number" ? now : undefined] };
  });
  const cell = (keys: number | undefined): string => (keys === undefined ? "–" : count(keys));
  return {
    title: "Keys per shard",
    lines: [
      "Before: counted by the plan. Now: all that a shard holds, copies of movers included.",
      ...silent.map(([name, why]) => `${name} was not counted: ${why}`),
    ],
    table: {
      head: ["shard", "before", "now"],
      rows: numbers.map(({ name, values }) => [name, ...values.map(cell)]),
    },
    chart: { kind: "bars", title: "keys per shard", series: ["before", "now"], groups: numbers },
  };
}

function steps({ preCopy, catchUp, cleanup }: ReportFacts): Section[] {
  const done = Object.entries({ "pre-copy": preCopy, "catch-up": catchUp, cleanup });
  const lines = done.flatMap(([name, counts]) => (counts ? [`${name}: ${describeCounts(counts)}`] : []));
  return lines.length > 0 ? [{ title: "Steps", lines }] : [];
}

const describeCounts = (counts: StepCounts): string =>
  Object.entries(counts)
    .map(([name, value]) => `${count(value)} ${name}`)
    .join(", ");

function copyRate(name: string, samples: readonly Sample[] | null): Section[] {
  const [first, last] = [samples?.at(0), samples?.at(-1)];
  if (!samples || !first || !last || last.atMs <= first.atMs) return [];
  const points = ratesOf(samples);
  const seconds = (last.atMs - first.atMs) / 1_000;
  const average = Math.round((last.keys - first.keys) / seconds);
  const most = Math.round(Math.max(...points.map(({ value }) => value)));
  return [
    {
      title: `Rate of the ${name}`,
      lines: [
        `${count(last.keys)} keys in ${formatDuration(seconds)}: ${count(average)} keys/s on average, ` +
          `at most ${count(most)} keys/s. Its last run only, if there were several.`,
      ],
      chart: { kind: "line", title: `keys/s of the ${name}`, points },
    },
  ];
}

/** Keys per second between each sample and the one before, at its time. */
function ratesOf(samples: readonly Sample[]): LineChart["points"] {
  const startMs = samples[0]?.atMs ?? 0;
  return samples.flatMap(({ atMs, keys }, i) => {
    const before = samples[i - 1];
    if (before === undefined || atMs <= before.atMs) return [];
    return [{ seconds: (atMs - startMs) / 1_000, value: ((keys - before.keys) * 1_000) / (atMs - before.atMs) }];
  });
}

function verification({ verification: found }: ReportFacts): Section {
  if (!found) return { title: "Verification", lines: ["Nothing has been verified in this migration yet."] };
  const { missing, different, extra, repaired, bound, at } = found;
  const groups = Object.entries({ missing, different, extra, repaired }).map(([name, value]) => {
    return { name, values: [value] };
  });
  return {
    title: "Verification",
    lines: [
      `${describeVerification(found)}; at ${at}.`,
      ...(bound > 0 ? [`A sample: at 95 % at most ${formatPercent(bound)} of the movers differ unseen.`] : []),
    ],
    chart: { kind: "bars", title: "verification", series: ["keys"], groups },
  };
}
