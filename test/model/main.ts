/**
 * npm run model [-- --trace NAME] : the model at its full size, then without each safeguard.
 * With --trace only the shortest counterexample of one mutation is printed, step by step.
 */
import type { Exploration } from "./checker/explore";
import { checkModel, NAME_ORDERS, type Run } from "./check";
import { MUTATIONS, REDUNDANT, type Mutation } from "./mutations";
import { describeSize, FULL } from "./sizes";
import type { Owner, World } from "./world";

const count = (value: number): string => value.toLocaleString("en-US");

function main(args: readonly string[]): number {
  if (args.length === 0) return fullRun();
  const mutation = MUTATIONS.find(({ name }) => args[0] === "--trace" && name === args[1]);
  if (mutation) return printTraces(mutation);
  console.error(
    `usage: npm run model [-- --trace NAME], NAME one of:\n${MUTATIONS.map(({ name }) => `  ${name}`).join("\n")}`,
  );
  return 2;
}

function fullRun(): number {
  console.log("The model with every safeguard:");
  const whole = FULL.flatMap((size) => NAME_ORDERS.map((firstByName) => ({ size, firstByName })));
  if (!whole.every(reportWhole)) return 1;
  console.log("\nWithout one safeguard:\n");
  console.log("| removed | --trace | name first | breaks | steps | states |\n|---|---|---|---|---|---|");
  const found = MUTATIONS.flatMap((mutation) => NAME_ORDERS.map((order) => reportMutation(mutation, order)));
  for (const redundant of REDUNDANT) {
    for (const order of NAME_ORDERS) found.push(reportMutation({ ...redundant, breaks: {} }, order));
  }
  return found.every(Boolean) ? 0 : 1;
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
function reportMutation({ name, removed, without, size, breaks }: Mutation, firstByName: Owner): boolean {
  const { violation, states } = checkModel({ size, firstByName, without });
  const [invariant, length] = violation ? [violation.invariant, violation.trace.length] : ["nothing", ""];
  const isExpected = violation?.invariant === breaks[firstByName];
  const found = isExpected ? invariant : `${invariant} (UNEXPECTED)`;
  console.log(`| ${removed} | ${name} | ${firstByName} | ${found} | ${length} | ${count(states)} |`);
  return isExpected;
}

function printTraces({ removed, without, size, breaks }: Mutation): number {
  for (const firstByName of NAME_ORDERS.filter((order) => breaks[order] !== undefined)) {
    console.log(`\n${removed}; ${describeSize(size)}; the ${firstByName} owner's name first`);
    printTrace(checkModel({ size, firstByName, without }));
  }
  return 0;
}

function printTrace({ violation }: Exploration<World>): void {
  violation?.trace.forEach((step, i) => console.log(`${String(i + 1).padStart(4)}  ${step}`));
  console.log(violation ? `broken: ${violation.invariant}` : "no counterexample");
}

process.exitCode = main(process.argv.slice(2));
