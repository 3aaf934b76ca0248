import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode, REPO_ROOT } from "../lab/machine";
import type { Job, JobResult } from "./job";

/** How and where a job's command is started. */
export interface Place {
  readonly inside: (command: readonly string[]) => readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** In which a command that was asked to stop may clean up. */
const GRACE_MS = 20_000;
/** In which the last output of a command that has ended arrives; what it has left running may hold the pipes open. */
const LAST_OUTPUT_MS = 2_000;

/**
 * Runs a job to its end, and keeps what it prints.
 *
 * @param place - resolves when the place can be used; where it rejects, the job fails with that error as its output.
 */
export async function runJob(job: Job, place: Promise<Place>, stopping: AbortSignal): Promise<JobResult> {
  const output: string[] = [];
  let startedMs = Date.now();
  const result = (code: number): JobResult => ({
    job,
    code,
    output: output.join(""),
    seconds: (Date.now() - startedMs) / 1_000,
  });
  try {
    const { inside, env } = await place;
    startedMs = Date.now();
    stopping.throwIfAborted();
    return result(await run(inside(job.command), env, output, stopping));
  } catch (error) {
    output.push(String(error));
    return result(1);
  }
}

async function run(command: readonly string[], env: NodeJS.ProcessEnv, output: string[], stopping: AbortSignal) {
  const child = spawn(command[0] ?? "", command.slice(1), { cwd: REPO_ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
  }
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  };
  stopping.addEventListener("abort", stop, { once: true });
  const closed = once(child, "close");
  closed.catch(() => undefined); // the same error as below
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  stopping.removeEventListener("abort", stop);
  await Promise.race([closed, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
  return exitCode(code, signal);
}
