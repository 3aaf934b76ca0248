/**
 * `npm run faults -- [--seed 1] [--rounds 20] [--only "engine killed,lock stolen"] [--out FILE]`
 *
 * Plays so many rounds and says what came of them; exits with 1 unless nothing was lost, nothing came back and every
 * migration got to its end. A round's seed plays it again: `--seed SEED-OF-THE-ROUND --rounds 1`.
 */
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { playRound, type RoundResult } from "./round";
import { isBad, summaryOf } from "./summary";

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      rounds: { type: "string", default: "20" },
      only: { type: "string" },
      out: { type: "string" },
    },
  });
  const rounds = Number(values.rounds);
  const results: RoundResult[] = [];
  for (let i = 1; i <= rounds; i++) {
    const seed = rounds === 1 ? values.seed : `${values.seed}-${i}`;
    const result = await playRound(seed, values.only?.split(","));
    results.push(result);
    if (values.out) appendFileSync(values.out, `${JSON.stringify(result)}\n`);
    const { faults, journey, runs, keys, seconds } = result;
    console.log(
      `faults: round ${i} of ${rounds}, seed ${seed}, ${seconds.toFixed(1)} s, ${keys} keys, ${runs} runs: ` +
        `${faults.join(", ") || "nothing came to pass"}; ${journey}`,
    );
    if (isBad(result)) console.log(`faults: BAD: ${JSON.stringify(result, null, 2)}`);
  }
  console.log(`\n${summaryOf(results)}`);
  return !results.some(isBad);
}

main().then(
  (isGood) => process.exit(isGood ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
