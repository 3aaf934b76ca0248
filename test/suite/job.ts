/** What the suite runs side by side: a command each. */

/** A command of the suite. */
export interface Job {
  /** Such as `lint` or `e2e/migrate`. */
  readonly name: string;
  readonly command: readonly string[];
  /** The environment that it runs in; absent: it needs no cluster. */
  readonly cluster?: ClusterName;
  /** How many of the suite's places it takes: one for each process that works at once. */
  readonly places: number;
}

/** `shared`: namespaces of their own keep files apart. `own`: for what kills kubelets or changes the whole cluster. */
export type ClusterName = "shared" | "own";

/** How a job ended. */
export interface JobResult {
  readonly job: Job;
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

/** Numbers of tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** @returns the sums of mocha's lines such as "  12 passing (3s)" in an output. */
export function countTests(output: string): Counts {
  const sum = (word: string) =>
    [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}(?: \\(.*\\))?$`, "gm"))].reduce(
      (n, [, count]) => n + Number(count),
      0,
    );
  return { passed: sum("passing"), failed: sum("failing") };
}
