import { keyOf, type ConfigProblem } from "./config-error";
import type { ParsedConfig } from "./schema";

/** @returns why a policy would shut the backend out. */
export function networkPolicyProblems({ networkPolicy: policy }: Partial<ParsedConfig>): ConfigProblem[] {
  if (!policy?.enabled || Object.keys(policy.backend).length > 0) return [];
  const allowed = "the labels of the backend's pods, because dedup-shards:networkPolicy.enabled is true";
  return [{ key: keyOf("networkPolicy", "backend"), value: "not set", allowed }];
}
