/**
 * Runs the suite, its parts side by side: `ts-node test/suite/main.ts quick` or `… all`.
 *
 * A part that fails prints its output in one piece. At the end stand the times, the longest first, and in the last line
 * how many tests passed and failed. The exit code is 0 only when all parts ended well.
 */
import { availableParallelism } from "node:os";
import { openEnvironment, usesOwnCluster, type Environment } from "../lab/environment";
import { ensureTestPackages } from "../lab/machine";
import { onSignals } from "../lab/signals";
import type { ClusterName, Job } from "./job";
import { allJobs, quickJobs } from "./jobs";
import { runAll } from "./pool";
import { describeResult, timesOf, totalOf } from "./report";
import { runJob, type Place } from "./run-job";

/** One part more than there are processors keeps all of them busy, because parts also wait. */
const PLACES = availableParallelism() + 1;
const NODES = 2;
const NAMES: Readonly<Record<ClusterName, string>> = { shared: "dedup-suite", own: "dedup-suite-own" };

const HERE: Place = { inside: (command) => command, env: process.env };

async function main(level: string | undefined): Promise<number> {
  if (level !== "quick" && level !== "all") throw new Error("usage: main.ts quick|all");
  const startedMs = Date.now();
  const stopping = onSignals();
  await ensureTestPackages();
  const jobs = level === "quick" ? quickJobs() : allJobs().map(onSharedCluster);
  const environments = openAll(jobs, stopping);
  const placeOf = ({ cluster }: Job): Promise<Place> => (cluster && environments.get(cluster)) ?? Promise.resolve(HERE);
  const results = await runAll(jobs, PLACES, async (job) => {
    console.log(`start   ${job.name}`);
    const result = await runJob(job, placeOf(job), stopping);
    console.log(describeResult(result));
    return result;
  });
  for (const opened of environments.values()) await opened.then(({ leave }) => leave()).catch(() => undefined);
  const { passed, failed } = totalOf(results);
  console.log(`\n${timesOf(results, (Date.now() - startedMs) / 1_000)}\n\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Where there is one cluster only, which is not ours to change while others use it, such a part runs alone. */
const onSharedCluster = (job: Job): Job =>
  job.cluster === "own" && usesOwnCluster() ? { ...job, cluster: "shared", places: PLACES } : job;

/** Starts the clusters that are wanted, one after the other, while parts that need none run already. */
function openAll(jobs: readonly Job[], stopping: AbortSignal): ReadonlyMap<ClusterName, Promise<Environment>> {
  const opened = new Map<ClusterName, Promise<Environment>>();
  let before: Promise<unknown> = Promise.resolve();
  for (const cluster of ["shared", "own"] as const) {
    if (!jobs.some((job) => job.cluster === cluster)) continue;
    const opening = before.then(() => openEnvironment({ name: NAMES[cluster], nodes: NODES, keep: false, stopping }));
    before = opening.catch(() => undefined);
    opened.set(cluster, opening);
  }
  return opened;
}

main(process.argv[2]).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
