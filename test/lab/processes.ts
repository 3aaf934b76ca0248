/** Finds and kills processes by a mark in their environment, which every descendant inherits and an orphan keeps. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const MARK = "DEDUP_LAB_RUN";

/** The environment variable that marks a process and all that it starts. */
export function mark(id: string): NodeJS.ProcessEnv {
  return { [MARK]: id };
}

/** Pids of the live processes that carry the mark. */
export function marked(id: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => carries(pid, `${MARK}=${id}`))
    .map(Number);
}

/** SIGKILL to all that carry the mark, and to what they start meanwhile, until none is left. */
export async function killMarked(id: string): Promise<void> {
  for (let pids = marked(id); pids.length > 0; pids = marked(id)) {
    for (const pid of pids) kill(pid, "SIGKILL");
    await sleep(20);
  }
}

/** A process that has ended meanwhile is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function carries(pid: string, entry: string): boolean {
  try {
    // The environment of a zombie reads as empty.
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(entry);
  } catch {
    return false;
  }
}
