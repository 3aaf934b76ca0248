/** What came of a campaign, as Markdown. */
import { FAULTS } from "./faults";
import { LOSSES } from "./losses";
import { OTHER_WRITERS } from "./other-writers";
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
    "keys given up with the only shard that had them": sum(({ givenUp = 0 }) => givenUp),
    "copies left over": sum(({ leftOver }) => leftOver.length),
    "answers that cannot be true": sum(({ untrue }) => untrue.length),
    "stuck migrations": sum(({ stuck }) => (stuck === undefined ? 0 : 1)),
    minutes: Math.round(sum(({ seconds }) => seconds) / 60),
  };
  const happened = results.flatMap(({ faults }) => faults);
  const family = [{ ...OTHER_WRITERS, ...LOSSES }, FAULTS].filter((all) => happened.some((kind) => kind in all));
  const kinds = new Map<string, number>(family.flatMap((all) => Object.keys(all)).map((kind) => [kind, 0]));
  for (const kind of happened) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [
    ...["| | |", "| --- | --: |"],
    ...Object.entries(figures).map(([name, value]) => `| ${name} | ${value.toLocaleString("en")} |`),
    ...["", "| fault | times |", "| --- | --: |"],
    ...[...kinds].sort().map(([kind, times]) => `| ${kind} | ${times} |`),
  ].join("\n");
}
