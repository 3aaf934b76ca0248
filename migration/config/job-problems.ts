import { keyOf, type ConfigProblem } from "./config-error";
import type { ParsedConfig } from "./schema";

/** @returns why a Job cannot do the work that it is asked to. */
export function jobProblems({ execution, job }: Partial<ParsedConfig>): ConfigProblem[] {
  if (execution !== "job" || job === undefined || job.image !== "") return [];
  const allowed = 'an image that was built from the Dockerfile, because execution is "job"';
  return [{ key: keyOf("job", "image"), value: "not set", allowed }];
}
