/** Signals to a process that has something to clean up, and to what it runs. */
import { spawn, type SpawnOptions } from "node:child_process";
import { exitCode } from "./machine";

const GRACE_MS = 20_000;

/** From here on the signals no longer end this process. @returns what tells that one came, with its name as the reason. */
export function onSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort(signal));
  return stopping.signal;
}

/** Runs a command; asked to stop, it passes the signal on and waits, but not for ever. @returns the exit code */
export function runUntilStopped(
  command: readonly string[],
  options: SpawnOptions,
  stopping: AbortSignal,
): Promise<number> {
  const child = spawn(command[0] ?? "", command.slice(1), options);
  const passOn = () => {
    child.kill(stopping.reason as NodeJS.Signals);
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  };
  stopping.addEventListener("abort", passOn, { once: true });
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(exitCode(code, signal)));
  }).finally(() => stopping.removeEventListener("abort", passOn));
}
