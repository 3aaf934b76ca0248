/** Bugs that are put in on purpose: a campaign that does not notice them proves nothing. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { applyTo } from "../mutation/mutation";
import { MUTATIONS } from "../mutation/mutations";
import { WorkingCopy } from "../mutation/working-copy";

/** What is wrong, by the name of the safeguard that is missing then. */
export const BUGS: Readonly<Record<string, string>> = {
  "cursor-of-process": "a checkpoint is not bound to the run_id of its server",
  "remove-compares": "the cleanup deletes without comparing",
  "absolute-expiry": "an expiry is sent as the time that is left",
  "write-compares": "a retry writes what was read before, without reading again",
};

/**
 * Plays rounds of a campaign with a bug in a copy of this working tree, until one is bad.
 * @returns the number of that round; undefined when none was.
 */
export async function roundThatNotices(bug: string, args: readonly string[]): Promise<number | undefined> {
  const mutation = MUTATIONS.find(({ name }) => name === bug && Object.hasOwn(BUGS, bug));
  if (!mutation) throw new Error(`there is no bug ${bug}; there are: ${Object.keys(BUGS).join(", ")}`);
  const copy = new WorkingCopy();
  try {
    return await copy.with(
      mutation.file,
      (text) => applyTo(text, mutation),
      () => firstBadRound(copy.dir, args),
    );
  } finally {
    copy.remove();
  }
}

async function firstBadRound(cwd: string, args: readonly string[]): Promise<number | undefined> {
  const child = spawn("npx", ["ts-node", "-T", "test/faults/main.ts", "--until-bad", ...args], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let round: number | undefined;
  for await (const line of createInterface(child.stdout)) {
    console.log(line);
    const [, number] = /^faults: round (\d+) of \d+, BAD/.exec(line) ?? [];
    if (number !== undefined) round = Number(number);
  }
  return round;
}
