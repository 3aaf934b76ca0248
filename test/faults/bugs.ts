/** Bugs that are put in on purpose: a campaign that does not notice them proves nothing. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { applyTo, type Mutation } from "../mutation/mutation";
import { MUTATIONS } from "../mutation/mutations";
import { WorkingCopy } from "../mutation/working-copy";

interface Bug {
  /** What is wrong. */
  readonly what: string;
  /** The safeguards that are missing then, by name. */
  readonly without: readonly string[];
  /** Other steps that would prevent it, or mend what it does before anybody sees it: they are missing as well. */
  readonly nets: readonly string[];
  /** Kinds of faults that leave alone what only the nets would mend; all kinds by default. */
  readonly only?: readonly string[];
  /** The phase on whose way they happen; any by default. */
  readonly on?: string;
  /** Whether no step goes back: that would need one of the nets. */
  readonly straight?: boolean;
}

export const BUGS: Readonly<Record<string, Bug>> = {
  "cursor-of-process": {
    what: "a checkpoint is not bound to the run_id of its server",
    without: ["cursor-of-process"],
    nets: ["verify", "drain-rescues"],
    only: ["engine killed and shards restarted"],
  },
  "drain-rescues": {
    what: "the cleanup deletes without comparing with what the new owner holds",
    without: ["drain-rescues"],
    nets: ["verify"],
    only: ["keys gone from their new owners"],
  },
  "absolute-expiry": {
    what: "an expiry is sent as the time that is left",
    without: ["absolute-expiry"],
    nets: [],
  },
  "write-compares": {
    what: "a retry writes what was read before, without reading again",
    without: ["write-compares", "add-absent"],
    nets: ["pre-copy", "verify", "drain-rescues", "write-expired", "add-expired"],
    only: ["slow network"],
    on: "dualWrite",
    straight: true,
  },
};

/** Without the bug, so many must be good at least. */
const CONTROL_ROUNDS = 10;

/** Finds nothing, and so mends nothing. */
export const NO_VERIFY: Mutation = {
  ...{ name: "verify", removed: "differences are found and mended", tests: [] },
  file: "migration/engines/verify.ts",
  find: 'mode === "full" ? await fullPass(run, job) : await samplePass(run, job)',
  replace: "noCounts()",
};

/** Copies nothing, and so leaves all of it to the catch-up, while clients write to both. */
export const NO_PRE_COPY: Mutation = {
  ...{ name: "pre-copy", removed: "keys are copied before clients write to both owners", tests: [] },
  file: "migration/engines/sync.ts",
  find: `const counts = noCounts();
  const present: Buffer[] = [];`,
  replace: `const counts = noCounts();
  if (counts.checked === 0) return { ...counts, checked: keys.length };
  const present: Buffer[] = [];`,
};

/** What came of it. */
export interface Noticed {
  /** The round that was bad; undefined when none was. */
  readonly round: number | undefined;
  /** Whether the rounds up to that one are good where only the nets are missing. */
  readonly isBugs: boolean;
}

/**
 * Plays rounds of a campaign with a bug in a copy of this working tree until one is bad, then the same ones without it.
 * @throws Error when a campaign breaks off.
 */
export async function roundThatNotices(name: string, seed: string, rounds: number): Promise<Noticed> {
  const bug = Object.hasOwn(BUGS, name) ? BUGS[name] : undefined;
  if (!bug) throw new Error(`there is no bug ${name}; there are: ${Object.keys(BUGS).join(", ")}`);
  const choice = [
    ...(bug.only ? ["--only", bug.only.join(",")] : []),
    ...(bug.on ? ["--on", bug.on] : []),
    ...(bug.straight ? ["--straight"] : []),
  ];
  const args = ["--seed", seed, ...choice];
  const round = await firstBadRound([...bug.without, ...bug.nets], [...args, "--rounds", String(rounds)]);
  if (round === undefined) return { round, isBugs: false };
  console.log("faults: the same rounds without the bug");
  return {
    round,
    isBugs:
      (await firstBadRound(bug.nets, [...args, "--rounds", String(Math.max(round, CONTROL_ROUNDS))])) === undefined,
  };
}

async function firstBadRound(without: readonly string[], args: readonly string[]): Promise<number | undefined> {
  const copy = new WorkingCopy();
  try {
    return await without.map(mutationOf).reduce(
      (play, mutation) => () => copy.with(mutation.file, (text) => applyTo(text, mutation), play),
      () => play(copy.dir, args),
    )();
  } finally {
    copy.remove();
  }
}

function mutationOf(safeguard: string): Mutation {
  const mutation = [NO_PRE_COPY, NO_VERIFY, ...MUTATIONS].find(({ name }) => name === safeguard);
  if (!mutation) throw new Error(`there is no safeguard ${safeguard}`);
  return mutation;
}

async function play(cwd: string, args: readonly string[]): Promise<number | undefined> {
  const child = spawn("npx", ["ts-node", "-T", "test/faults/main.ts", "--until-bad", ...args], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  let round: number | undefined;
  for await (const line of createInterface(child.stdout)) {
    console.log(line);
    const [, number] = /^faults: round (\d+) of \d+, BAD/.exec(line) ?? [];
    if (number !== undefined) round = Number(number);
  }
  const code = await ended;
  if (code !== 0 && round === undefined) throw new Error(`the campaign broke off with exit code ${code}`);
  return round;
}
