/** Mocha in a folder of its own, as far as to its first failure. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A test that failed. */
export interface Failure {
  readonly file: string;
  readonly title: string;
  readonly message: string;
}

interface Report {
  readonly stats: { readonly passes: number };
  readonly failures: readonly {
    readonly file: string;
    readonly fullTitle: string;
    readonly err: { readonly message?: string };
  }[];
}

/**
 * Runs test files until one test fails.
 *
 * @returns the failure, undefined when every test passed.
 * @throws Error when mocha did not get so far: that says nothing about the code.
 */
export async function firstFailure(dir: string, tests: readonly string[]): Promise<Failure | undefined> {
  const reports = mkdtempSync(path.join(tmpdir(), "dedup-shards-report-"));
  const output = path.join(reports, "report.json");
  try {
    const mocha = path.join(dir, "node_modules/mocha/bin/mocha.js");
    const args = [mocha, "--bail", "--exit", "--reporter", "json", "--reporter-option", `output=${output}`, ...tests];
    await once(spawn(process.execPath, args, { cwd: dir, stdio: "ignore" }), "exit");
    const { stats, failures } = JSON.parse(readFileSync(output, "utf8")) as Report;
    const [failure] = failures;
    if (failure === undefined && stats.passes === 0) throw new Error(`no test ran in ${tests.join(", ")}`);
    return failure && toFailure(failure, dir);
  } finally {
    rmSync(reports, { recursive: true });
  }
}

const toFailure = ({ file, fullTitle, err }: Report["failures"][0], dir: string): Failure => ({
  file: path.relative(dir, file),
  title: fullTitle,
  message: err.message ?? "",
});
