/** The plan that was reviewed is the plan that runs. */
import { isOpen, hasWork } from "../phases";
import { digestDifferences, planDigest } from "../plan/digest";
import { keyOf, show, type ConfigProblem } from "./config-error";
import type { ParsedConfig } from "./schema";

const HOW_TO = "pulumi stack output migrationPlan --json | jq -r .digest";

/** @returns why the migration that is configured is not the one whose plan was reviewed, as far as the config can tell. */
export function planDigestProblems(config: Partial<ParsedConfig>): ConfigProblem[] {
  const { migrationPhase: phase, planDigest: expected, requirePlanDigest } = config;
  // The plan itself is what a digest comes from.
  if (phase === undefined || !isOpen(phase) || hasWork(phase, "plan")) return [];
  if (!expected) {
    if (!requirePlanDigest) return [];
    const allowed = `the digest of the plan that was reviewed (${HOW_TO}), because requirePlanDigest is true`;
    return [{ key: keyOf("planDigest"), value: "not set", allowed }];
  }
  const { shards: current, targetShards: target, vnodes, keyPrefix } = config;
  if (current === undefined || target === undefined || vnodes === undefined || keyPrefix === undefined) return [];
  const found = planDigest({ current, target, vnodes, keyPrefix });
  const differences = digestDifferences(expected, found);
  if (differences.length === 0) return [];
  const allowed =
    `the digest of these rings, ${found}, whose last part is the number of keys: ${differences.join(", ")} ` +
    `${differences.length === 1 ? "differs" : "differ"}. Take the change back, or plan and review anew (${HOW_TO})`;
  return [{ key: keyOf("planDigest"), value: show(expected), allowed }];
}
