import type { Job, JobResult } from "./job";

/** Runs one job and tells how it ended. It never rejects. */
export type RunJob = (job: Job) => Promise<JobResult>;

/**
 * Runs jobs side by side in some places, in the order given: a job starts as soon as there is room for it, and those behind
 * one that is too large wait for it, so that no large one waits for ever.
 *
 * @param places - how many there are; a job that takes more runs alone.
 * @returns the results, in the order in which jobs ended.
 */
export async function runAll(jobs: readonly Job[], places: number, run: RunJob): Promise<readonly JobResult[]> {
  const results: JobResult[] = [];
  const running = new Set<Promise<void>>();
  let free = places;
  for (const job of jobs) {
    const taken = Math.min(job.places, places);
    while (free < taken) await Promise.race(running);
    free -= taken;
    const end = run(job).then((result) => {
      results.push(result);
      free += taken;
      running.delete(end);
    });
    running.add(end);
  }
  await Promise.all(running);
  return results;
}
