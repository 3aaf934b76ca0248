/**
 * npm run mutation [-- NAME…] : takes one safeguard after the other out of a copy of this working tree, and prints
 * which test notices. Fails when none does.
 */
import { applyTo, kindOf, type Mutation } from "./mutation";
import { MUTATIONS } from "./mutations";
import { firstFailure, type Failure } from "./run-tests";
import { WorkingCopy } from "./working-copy";

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !MUTATIONS.some((mutation) => mutation.name === name));
  if (unknown.length > 0) {
    console.error(
      `no mutation is called ${unknown.join(", ")}; there are: ${MUTATIONS.map(({ name }) => name).join(", ")}`,
    );
    return 2;
  }
  const chosen = MUTATIONS.filter(({ name }) => names.length === 0 || names.includes(name));
  const copy = new WorkingCopy();
  try {
    const tests = [...new Set(chosen.filter(isRun).flatMap((mutation) => mutation.tests))];
    const broken = tests.length > 0 ? await firstFailure(copy.dir, tests) : undefined;
    if (broken) {
      console.error(`with every safeguard in place "${broken.title}" fails: ${broken.message}`);
      return 1;
    }
    console.log("| safeguard | where | the test that notices |\n|---|---|---|");
    let survivors = 0;
    for (const mutation of chosen) if (!(await isNoticed(copy, mutation))) survivors++;
    return survivors > 0 ? 1 : 0;
  } finally {
    copy.remove();
  }
}

/** Tests that need a cluster are not: a test of the same end that does not is what to look for. */
const isRun = (mutation: Mutation): boolean => kindOf(mutation) !== "e2e";

/** Prints the row of one mutation. */
async function isNoticed(copy: WorkingCopy, mutation: Mutation): Promise<boolean> {
  if (!isRun(mutation)) {
    print(mutation, `${mutation.tests.join(", ")} (not run here)`);
    return true;
  }
  const { file, tests } = mutation;
  const failure = await copy.with(
    file,
    (text) => applyTo(text, mutation),
    () => firstFailure(copy.dir, tests),
  );
  print(mutation, failure === undefined ? "**NONE**" : describe(failure));
  // Beside the table, for whoever doubts that it failed for the right reason.
  console.error(`${mutation.name}: ${failure?.message.split("\n")[0] ?? "survives"}`);
  return failure !== undefined;
}

const describe = ({ file, title }: Failure): string => `${title} (\`${file}\`)`;

/** A row of the table. */
function print({ name, removed, file }: Mutation, notices: string): void {
  const cells = [`${removed} [${name}]`, `\`${file}\``, notices];
  console.log(`| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`);
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
