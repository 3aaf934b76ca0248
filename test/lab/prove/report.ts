/** What a proof comes to: the verdict, and the table of what clients felt in each phase. */
import type { Finding } from "../load/judge";
import type { Stretch } from "../load/timeline";
import type { ProofResult } from "./proof";
import type { GivenUp } from "./lost-for-good";

/** A row of the table. */
export interface Row extends Stretch {
  readonly what: string;
  /** Runs of `pulumi up`; undefined outside the phases. */
  readonly runs: number | undefined;
  readonly misses: number;
  readonly divergent: number;
}

/** @returns a row for idle time, for each phase, and for the whole. */
export function rowsOf({ timeline, idle, phases, findings }: ProofResult): Row[] {
  const row = (what: string, runs: number | undefined, fromMs: number, toMs: number): Row => {
    const inside = findings.filter(({ atMs }) => fromMs <= atMs && atMs < toMs);
    return { what, runs, ...timeline.stretch(fromMs, toMs), ...countOf(inside) };
  };
  return [
    row("idle", undefined, idle.fromMs, idle.toMs),
    ...phases.map((run) => row(`${run.journey}: ${run.phase}`, run.runs, run.startedMs, run.endedMs)),
    row("all", undefined, timeline.startedMs, timeline.endedMs + 1),
  ];
}

/** Everything but a dedup miss is a wrong value in one way or another. */
function countOf(findings: readonly Finding[]): { misses: number; divergent: number } {
  const misses = findings.filter(({ verdict }) => verdict === "miss").length;
  return { misses, divergent: findings.length - misses };
}

/** @returns why the proof failed, a line for each reason; nothing when it holds. */
export function reasonsAgainst({ findings, errors, placements, stuck }: ProofResult): string[] {
  const reasons = [...(stuck === undefined ? [] : [stuck]), ...findings.map(({ text }) => text)];
  if (errors.length > 0) {
    reasons.push(`${errors.length} submissions had no answer after the second try, such as ${errors[0]}`);
  }
  for (const { journey, keys, found } of placements) {
    const { right, missing, different, elsewhere } = found;
    if (right !== keys) reasons.push(`${journey}: ${right} of ${keys} keys are at their owner with value and expiry`);
    for (const [what, ids] of Object.entries({ missing, different, elsewhere })) {
      if (ids.length > 0) reasons.push(`${journey}: ${ids.length} keys ${what}, such as ${ids[0]}`);
    }
  }
  return reasons;
}

const HEADINGS = [
  "phase",
  "s",
  "runs of `up`",
  "requests",
  "requests/s",
  "errors",
  "tries repeated",
  "misses",
  "divergent",
  "p50 ms",
  "p99 ms",
  "p99 / idle",
  "longest gap between writes, ms",
  "longest standstill of the load generator, ms",
];

/** @returns the rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const idle = rows[0]?.p99Ms ?? 0;
  const cells = rows.map((row) => [
    row.what,
    row.seconds.toFixed(0),
    String(row.runs ?? ""),
    row.requests.toLocaleString("en-US"),
    row.requestsPerSecond.toFixed(0),
    String(row.errors),
    String(row.retried),
    String(row.misses),
    String(row.divergent),
    row.p50Ms.toFixed(1),
    row.p99Ms.toFixed(1),
    (row.p99Ms / idle).toFixed(1),
    String(row.writeGapMs),
    String(row.standstillMs),
  ]);
  const line = (values: readonly string[]) => `| ${values.join(" | ")} |`;
  return [line(HEADINGS), line(HEADINGS.map((_, i) => (i === 0 ? "---" : "--:"))), ...cells.map(line)].join("\n");
}

/** @returns whether writes paused at the cutovers, as a sentence. */
export function writePause(rows: readonly Row[]): string {
  const phases = rows.filter(({ what }) => what !== "all");
  const longest = (some: readonly Row[]): string => {
    const [first, ...rest] = some;
    if (first === undefined) return "there was none";
    const row = rest.reduce((most, each) => (each.writeGapMs > most.writeGapMs ? each : most), first);
    return `${row.writeGapMs} ms (${row.what}; the load generator itself stood still for up to ${row.standstillMs} ms in it)`;
  };
  const isCutover = ({ what }: Row) => what.endsWith(": cutover");
  const [cutovers, others] = [phases.filter(isCutover), phases.filter((row) => !isCutover(row))];
  return `The longest gap between two successful writes: in the cutovers ${longest(cutovers)}, outside them ${longest(others)}.`;
}

/** @returns the whole report in Markdown. */
export function report(result: ProofResult, picture: string): string {
  const { options, events, phases, failures, placements } = result;
  const reasons = reasonsAgainst(result);
  const rows = rowsOf(result);
  const retries = [...failures].sort(([, a], [, b]) => b - a).map(([reason, count]) => `- ${count} × ${reason}`);
  const failed = phases.flatMap(({ journey, phase, failures: errors }) =>
    errors.map((error) => `- ${journey}, ${phase}: ${error}`),
  );
  const placed = placements.map(
    ({ journey, keys, found }) => `- ${journey}: ${found.right} of ${keys} keys at their owner, with value and expiry`,
  );
  return (
    [
      `# Proof: ${reasons.length === 0 ? "it holds" : "it does NOT hold"}`,
      `${options.rate} submissions/s, ${options.keys} keys beforehand, seed \`${options.seed}\`, ` +
        `${options.chaos ? `${events.length} things killed` : "nothing killed"}, ${new Date().toISOString()}.`,
      ...(reasons.length > 0
        ? [
            reasons
              .slice(0, 20)
              .map((reason) => `- ${reason}`)
              .join("\n"),
          ]
        : []),
      `![requests, errors, latency and misses over time](${picture})`,
      table(rows),
      writePause(rows),
      section("Keys in the end", placed),
      ...(result.givenUp ? [section("What an operator gave up", [describeGivenUp(result.givenUp)])] : []),
      section("What died", countBy(events.map(({ kind }) => kind))),
      section("Runs of `pulumi up` that failed by themselves, and were run again", failed),
      section("Tries that were repeated, and why", retries),
    ].join("\n\n") + "\n"
  );
}

const describeGivenUp = ({ shard, keys, seconds, told }: GivenUp): string =>
  `- ${shard} lost ${keys} keys, and answered RETRY for ${seconds.toFixed(0)} s. \`npm run adopt\` said: ${told}`;

const section = (title: string, lines: readonly string[]): string =>
  `## ${title}\n\n${lines.length > 0 ? lines.join("\n") : "None."}`;

function countBy(items: readonly string[]): string[] {
  return [...new Set(items)].map((item) => `- ${items.filter((other) => other === item).length} × ${item}`);
}
