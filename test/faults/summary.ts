/** What came of a campaign, as Markdown. */
import { FAULTS } from "./faults";
import type { RoundResult } from "./round";

/** @returns whether a round shows what must not be. */
export function isBad({ lost, resurrected, different, leftOver, untrue, stuck }: RoundResult): boolean {
  return stuck !== undefined || [lost, resurrected, different, leftOver, untrue].some((found) => found.length > 0);
}

export function summaryOf(results: readonly RoundResult[]): string {
  const sum = (of: (result: RoundResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const figures: Readonly<Record<string, number>> = {
    rounds: results.length,
    "runs of `up`": sum(({ runs }) => runs),
    "keys that were claimed": sum(({ keys }) => keys),
    "keys lost": sum(({ lost }) => lost.length),
    "keys resurrected": sum(({ resurrected }) => resurrected.length),
    "keys that differ": sum(({ different }) => different.length),
    "copies left over": sum(({ leftOver }) => leftOver.length),
    "answers that cannot be true": sum(({ untrue }) => untrue.length),
    "stuck migrations": sum(({ stuck }) => (stuck === undefined ? 0 : 1)),
    minutes: Math.round(sum(({ seconds }) => seconds) / 60),
  };
  const kinds = new Map<string, number>(Object.keys(FAULTS).map((kind) => [kind, 0]));
  for (const kind of results.flatMap(({ faults }) => faults)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [
    ...["| | |", "| --- | --: |"],
    ...Object.entries(figures).map(([name, value]) => `| ${name} | ${value.toLocaleString("en")} |`),
    ...["", "| fault | times |", "| --- | --: |"],
    ...[...kinds].sort().map(([kind, times]) => `| ${kind} | ${times} |`),
  ].join("\n");
}
