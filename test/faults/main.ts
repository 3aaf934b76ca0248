/**
 * `npm run faults -- [--seed 1] [--rounds 20] [--only "engine killed,lock stolen"] [--on copy,dualWrite] [--straight]
 * [--pairs] [--from 1] [--until-bad] [--out FILE]`
 *
 * Plays so many rounds and says what came of them; exits with 1 unless nothing was lost, nothing came back and every
 * migration got to its end. With `--pairs` each round has somebody else who writes the ring, and something that loses or
 * swaps writes, instead of the other faults. `--from` is the number of the first round. `--replay SEED` plays the round
 * of a seed again. `--bug NAME` puts a bug into a copy of this working tree and plays until a round notices, then the
 * same rounds without that bug: it exits with 1 unless one noticed, and it was the bug. `--summary FILE...` says what
 * came of rounds that were appended to files.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { PHASES, type Phase } from "../../migration/phases";
import { BUGS, roundThatNotices } from "./bugs";
import { NOTHING } from "./check";
import { playRound, type RoundResult } from "./round";
import { isBad, summaryOf } from "./summary";

const OPTIONS = {
  seed: { type: "string", default: "1" },
  replay: { type: "string" },
  rounds: { type: "string", default: "20" },
  from: { type: "string", default: "1" },
  only: { type: "string" },
  on: { type: "string" },
  straight: { type: "boolean", default: false },
  pairs: { type: "boolean", default: false },
  "until-bad": { type: "boolean", default: false },
  out: { type: "string" },
  bug: { type: "string" },
  summary: { type: "boolean", default: false },
} as const;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.summary) return summarize(positionals);
  const { seed, rounds, from, replay, only, on, straight, pairs, bug, out } = values;
  if (bug !== undefined) return isNoticed(bug, seed, Number(rounds));
  const choice = {
    ...{ straight, pairs },
    ...(only ? { only: only.split(",") } : {}),
    ...(on ? { on: on.split(",").map(phaseOf) } : {}),
  };
  const results: RoundResult[] = [];
  const seeds = Array.from({ length: Number(rounds) }, (_, i) => `${seed}-${Number(from) + i}`);
  for (const [i, each] of (replay ? [replay] : seeds).entries()) {
    const result = await playRound(each, choice).catch((error: unknown) => brokenOff(each, error));
    results.push(result);
    if (out) appendFileSync(out, `${JSON.stringify(result)}\n`);
    console.log(`faults: round ${i + 1} of ${replay ? 1 : rounds}, ${lineOf(result)}`);
    if (isBad(result)) console.log(JSON.stringify(result, null, 2));
    if (isBad(result) && values["until-bad"]) break;
  }
  console.log(`\n${summaryOf(results)}`);
  return !results.some(isBad);
}

function phaseOf(text: string): Phase {
  const phase = PHASES.find((each) => each === text);
  if (!phase) throw new Error(`there is no phase ${text}; there are: ${PHASES.join(", ")}`);
  return phase;
}

/** A round that breaks off is a bad one, not one that is not there. */
const brokenOff = (seed: string, error: unknown): RoundResult => ({
  ...{ seed, ...NOTHING, faults: [], journey: "", runs: 0, keys: 0, givenUp: 0, untrue: [], timeline: [], seconds: 0 },
  stuck: `the round broke off: ${error instanceof Error ? error.stack : String(error)}`,
});

/** @param files - what rounds were appended to with `--out`. */
function summarize(files: readonly string[]): boolean {
  const lines = files.flatMap((file) => readFileSync(file, "utf8").trim().split("\n"));
  const results = lines.map((line) => JSON.parse(line) as RoundResult);
  console.log(summaryOf(results));
  return !results.some(isBad);
}

function lineOf(result: RoundResult): string {
  const { seed, faults, journey, runs, keys, seconds } = result;
  const verdict = isBad(result) ? "BAD" : "good";
  const what = faults.join(", ") || "nothing came to pass";
  return `${verdict}: seed ${seed}, ${seconds.toFixed(1)} s, ${keys} keys, ${runs} runs: ${what}; ${journey}`;
}

async function isNoticed(bug: string, seed: string, rounds: number): Promise<boolean> {
  const { round, isBugs } = await roundThatNotices(bug, seed, rounds);
  const without = isBugs ? "good without it" : "BAD without it as well";
  const verdict = round === undefined ? "NOT noticed" : `noticed in round ${round}; ${without}`;
  console.log(`faults: ${bug} (${BUGS[bug]?.what}): ${verdict}`);
  return isBugs;
}

main().then(
  (isGood) => process.exit(isGood ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
