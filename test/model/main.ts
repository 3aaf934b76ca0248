/**
 * npm run model [-- --trace NAME | --vectors]: the model without each safeguard, then at its full size with all.
 * With --trace only the shortest counterexample of one mutation is printed, step by step. With --vectors only what the
 * model answers is written down, for backends to be held against.
 */
import { writeFileSync } from "node:fs";
import { answerVectors, formatVectors, VECTORS_FILE } from "./answer-vectors";
import type { Exploration } from "./checker/explore";
import { checkModel, NAME_ORDERS, type Run } from "./check";
import type { Mutation } from "./mutation";
import { checkMutation, MUTATIONS, REDUNDANT } from "./mutations";
import { describeSize, FULL } from "./sizes";
import type { Owner, World } from "./world";

const count = (value: number): string => value.toLocaleString("en-US");

function main(args: readonly string[]): number {
  if (args.length === 0) return fullRun();
  if (args[0] === "--vectors") {
    writeFileSync(VECTORS_FILE, formatVectors(answerVectors()));
    return 0;
  }
  const mutation = MUTATIONS.find(({ name }) => args[0] === "--trace" && name === args[1]);
  if (mutation) return printTraces(mutation);
  console.error(
    `usage: npm run model [-- --trace NAME | --vectors], NAME one of:\n${MUTATIONS.map(({ name }) => `  ${name}`).join("\n")}`,
  );
  return 2;
}

function fullRun(): number {
  console.log("Without one safeguard:\n");
  console.log("| removed | --trace | name first | breaks | steps | states |\n|---|---|---|---|---|---|");
  const redundant = REDUNDANT.map((one): Mutation => ({ ...one, breaks: {} }));
  const asExpected = [...MUTATIONS, ...redundant]
    .flatMap((mutation) => NAME_ORDERS.map((order) => reportMutation(mutation, order)))
    .every(Boolean);
  console.log("\nWith every safeguard:\n");
  const whole = FULL.flatMap((size) => NAME_ORDERS.map((firstByName) => ({ size, firstByName })));
  return whole.every(reportWhole) && asExpected ? 0 : 1;
}

/** @returns whether the model holds. */
function reportWhole(run: Run): boolean {
  const startedMs = Date.now();
  const onProgress = (states: number) => process.stderr.write(`\r${count(states)} states `);
  const result = checkModel({ ...run, onProgress });
  const { states, steps, depth, exhaustive, violation } = result;
  process.stderr.write("\r");
  console.log(
    `- ${describeSize(run.size)}; the ${run.firstByName} owner's name first: ${count(states)} states, ` +
      `${count(steps)} steps, depth ${depth}, ${exhaustive ? "all" : "NOT ALL"} explored in ` +
      `${Math.round((Date.now() - startedMs) / 1000)} s with ${Math.round(process.memoryUsage().rss / 1e6)} MB` +
      (violation ? "" : ": holds"),
  );
  if (violation) printTrace(result);
  return exhaustive && violation === undefined;
}

/** @returns whether the counterexample is the expected one. */
function reportMutation(mutation: Mutation, firstByName: Owner): boolean {
  const { name, removed, breaks } = mutation;
  const { violation, states } = checkMutation(mutation, firstByName);
  const [invariant, length] = violation ? [violation.invariant, violation.trace.length] : ["nothing", ""];
  const isExpected = violation?.invariant === breaks[firstByName];
  const found = isExpected ? invariant : `${invariant} (UNEXPECTED)`;
  console.log(`| ${removed} | ${name} | ${firstByName} | ${found} | ${length} | ${count(states)} |`);
  return isExpected;
}

function printTraces(mutation: Mutation): number {
  const { removed, size, breaks } = mutation;
  for (const firstByName of NAME_ORDERS.filter((order) => breaks[order] !== undefined)) {
    console.log(`\n${removed}; ${describeSize(size)}; the ${firstByName} owner's name first`);
    printTrace(checkMutation(mutation, firstByName));
  }
  return 0;
}

function printTrace({ violation }: Exploration<World>): void {
  violation?.trace.forEach((step, i) => console.log(`${String(i + 1).padStart(4)}  ${step}`));
  console.log(violation ? `broken: ${violation.invariant}` : "no counterexample");
}

process.exitCode = main(process.argv.slice(2));
