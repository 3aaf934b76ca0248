/**
 * `npm run prove -- [--rate 400] [--keys 60000] [--seed S] [--no-chaos] [--ask-card] [--out DIR]`
 *
 * Runs the proof and writes proof.md, with its table, and proof.svg into the folder that it names. Exits 0 only when
 * nobody had an error or a wrong answer, and every key was at its owner. With --ask-card the backend asks shards for their
 * cards, and shards are swapped and emptied too.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { picture } from "./picture";
import { prove } from "./proof";
import { reasonsAgainst, report } from "./report";

const IDLE_MS = 30_000;

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      rate: { type: "string", default: "400" },
      keys: { type: "string", default: "60000" },
      seed: { type: "string", default: randomBytes(4).toString("hex") },
      "no-chaos": { type: "boolean", default: false },
      "ask-card": { type: "boolean", default: false },
      out: { type: "string", default: mkdtempSync(path.join(tmpdir(), "dedup-shards-proof-")) },
    },
  });
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
  const result = await prove({
    signal: stopping.signal,
    namespace: `dedup-proof-${randomBytes(3).toString("hex")}`,
    rate: positive("--rate", values.rate),
    keys: positive("--keys", values.keys),
    seed: values.seed,
    chaos: !values["no-chaos"],
    asksCard: values["ask-card"],
    idleMs: IDLE_MS,
    // The throttle that operators get; only the wait for the old copies is left out.
    config: { copy: {}, cleanup: { ttlWindow: "0s" } },
    say: (line) => console.log(`prove: ${line}`),
  });
  mkdirSync(values.out, { recursive: true });
  writeFileSync(path.join(values.out, "proof.svg"), picture(result));
  const text = report(result, "proof.svg");
  writeFileSync(path.join(values.out, "proof.md"), text);
  console.log(`\n${text}\nprove: written to ${values.out}/proof.md and proof.svg`);
  return reasonsAgainst(result).length === 0;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} ${text}: a whole number from 1 is wanted`);
  return value;
}

main().then(
  (holds) => process.exit(holds ? 0 : 1),
  (error: unknown) => {
    console.error(`prove: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
