import { countTests, type Counts, type JobResult } from "./job";

const ROWS = 15;

/** @returns the tests of all jobs; a job that failed without a failed test, such as the lint, counts as one. */
export function totalOf(results: readonly JobResult[]): Counts {
  const counts = results.map(({ code, output }) => {
    const { passed, failed } = countTests(output);
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
  });
  const sum = (of: keyof Counts) => counts.reduce((n, each) => n + each[of], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

/** @returns one line about a job that has ended; behind it what the job printed, in one piece, if it failed. */
export function describeResult({ job, code, output, seconds }: JobResult): string {
  const { passed, failed } = countTests(output);
  const tests = passed + failed === 0 ? "" : `, ${passed} passed${failed === 0 ? "" : `, ${failed} failed`}`;
  if (code === 0) return `ok      ${job.name} (${seconds.toFixed(0)} s${tests})`;
  const line = "─".repeat(100);
  return `FAILED  ${job.name} (${seconds.toFixed(0)} s${tests}, exit code ${code})\n${line}\n${output.trimEnd()}\n${line}`;
}

/** @returns how long each part took, the longest first, and which tests were the longest. */
export function timesOf(results: readonly JobResult[], wallSeconds: number): string {
  const jobs = results.map(({ job, seconds }) => ({ name: job.name, seconds }));
  const tests = results.flatMap(({ job, output }) =>
    slowTests(output).map((test) => ({ ...test, name: `${job.name}: ${test.name}` })),
  );
  return [
    `The suite took ${minutes(wallSeconds)}, its parts together ${minutes(jobs.reduce((n, { seconds }) => n + seconds, 0))}.`,
    ...["Longest parts:", ...rowsOf(jobs, jobs.length)],
    ...["Longest tests:", ...rowsOf(tests, ROWS)],
  ].join("\n");
}

interface Timed {
  readonly name: string;
  readonly seconds: number;
}

const rowsOf = (times: readonly Timed[], count: number): readonly string[] =>
  [...times]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ name, seconds }) => `${seconds.toFixed(0).padStart(6)} s  ${name}`);

/** Tests of which mocha says how long they took, because that was long. */
const slowTests = (output: string): readonly Timed[] =>
  [...output.matchAll(/^\s*✔ (.+) \((\d+)ms\)$/gm)].map(([, name = "", ms]) => ({ name, seconds: Number(ms) / 1_000 }));

const minutes = (seconds: number): string => `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
