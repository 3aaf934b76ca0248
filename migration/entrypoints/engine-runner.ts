/** What a pod of the engine's Job runs: one source's part of a run's work. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { LOGIN_FILE, NO_USE_EXIT_CODE, WORK_DIR, WORK_FILE } from "../adapters/work-files";
import type { ShardLogin } from "../adapters/shard-login";
import { GateClosedError, messageOf, ShardRefusedError } from "../engines/errors";
import { log } from "./inputs";
import { doPart, type ToldWork } from "./source-part";

const read = (name: string): string => readFileSync(path.join(WORK_DIR, name), "utf8");

/** @throws GateClosedError where the program that made the Job is of another version than this image. */
function readLogin(): string {
  try {
    return read(LOGIN_FILE);
  } catch (error) {
    const why = `cannot read ${LOGIN_FILE} (${messageOf(error)}): job.image is of another version than the program`;
    throw new GateClosedError(`${why}. Build it anew from this one, then run \`pulumi up\` again.`);
  }
}

async function main(): Promise<void> {
  const told = JSON.parse(read(WORK_FILE)) as ToldWork;
  const source = told.work.sources[Number(process.env["JOB_COMPLETION_INDEX"])];
  if (source === undefined)
    throw new Error("JOB_COMPLETION_INDEX names no source: run this as a pod of an Indexed Job");
  // An eviction: whoever takes over needs not wait then until the hold on the source is forgotten.
  const stopping = new AbortController();
  process.on("SIGTERM", () => stopping.abort(new Error("the pod is to end: another goes on from the checkpoint")));
  const login = JSON.parse(readLogin()) as ShardLogin;
  await doPart(told, source, { name: hostname(), login, log, signal: stopping.signal });
}

/** Another try would end in the same way: the shard would refuse again. */
const ofNoUse = (error: unknown): boolean => error instanceof GateClosedError || error instanceof ShardRefusedError;

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(ofNoUse(error) ? NO_USE_EXIT_CODE : 1);
  },
);
