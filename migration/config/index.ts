/** The stack configuration: raw values in, a checked and complete configuration out, or one error with all problems. */
import type { z } from "zod";
import { ConfigError, keyOf, show, type ConfigProblem } from "./config-error";
import { jobProblems } from "./job-problems";
import { metricsOf } from "./metrics";
import { metricsProblems } from "./metrics-problems";
import { monitoringOf } from "./monitoring";
import { networkPolicyProblems } from "./network-policy-problems";
import { notifyProblems } from "./notify";
import { planDigestProblems } from "./plan-digest";
import { quantityOf } from "./quantity";
import { rawConfig } from "./raw-config";
import { redisProblems } from "./redis-problems";
import { ringProblems } from "./rings";
import { SCHEMA, type ParsedConfig } from "./schema";
import { shardUrlProblems, type ManagedUrl } from "./shard-urls";
import type { RawStackConfig, StackConfig } from "./stack-config";
import { otherClusters, unknownKeys } from "./strange-keys";
import { tokenProblems, webUrlProblems } from "./web-url";

export { ConfigError, type ConfigProblem } from "./config-error";
export { METRIC_GATES_OFF } from "./metric-gates-off";
export { RESERVED_KEY_PREFIX } from "./schema";
export type * from "./stack-config";

/**
 * Reads everything that is configured, this project's keys and others, as Pulumi hands it over: text by full key.
 * @throws ConfigError as {@link parseStackConfig} does.
 */
export function readStackConfig(all: Readonly<Record<string, string>>, managedUrl: ManagedUrl): StackConfig {
  return parseStackConfig(rawConfig(all), managedUrl, otherClusters(all));
}

/**
 * Checks the stack configuration and fills in what is not set, field by field.
 *
 * @param raw - the values of the `dedup-shards:` keys; undefined where the stack sets none.
 * @param managedUrl - where the shards are that the program runs itself.
 * @param known - problems that were found before.
 * @throws ConfigError with every problem: the key, the bad value and what is allowed.
 */
export function parseStackConfig(
  raw: RawStackConfig,
  managedUrl: ManagedUrl,
  known: readonly ConfigProblem[] = [],
): StackConfig {
  const { parsed, problems } = parseKeys(raw);
  problems.unshift(...known, ...unknownKeys(Object.keys(raw), [...Object.keys(SCHEMA), ...SECRETS]));
  problems.push(...redisProblems(parsed, raw), ...metricsProblems(parsed, raw));
  problems.push(...webUrlProblems(["monitoring", "pushgateway", "url"], parsed.monitoring?.pushgateway.url));
  problems.push(...webUrlProblems(["grafana", "url"], parsed.grafana?.url, "grafanaToken"));
  problems.push(...tokenProblems("grafanaToken", raw["grafanaToken"]), ...notifyProblems(raw["notify"]));
  problems.push(
    ...ringProblems(parsed),
    ...planDigestProblems(parsed),
    ...jobProblems(parsed),
    ...networkPolicyProblems(parsed),
    ...shardUrlProblems(parsed, managedUrl),
    ...resourceProblems(parsed),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return assemble(parsed as ParsedConfig);
}

/** The keys that are no part of the result: secrets take another way. */
const SECRETS = [
  ...["redisPassword", "redisUserPassword", "redisClientKey"],
  ...["metricsToken", "metricsPassword", "grafanaToken", "notify"],
];

/** Parses every key by itself, so that one bad value does not hide the next. */
function parseKeys(raw: RawStackConfig): { parsed: Partial<ParsedConfig>; problems: ConfigProblem[] } {
  const results = (Object.keys(SCHEMA) as (keyof typeof SCHEMA)[]).map((key) => {
    const result = SCHEMA[key].safeParse(raw[key]);
    return { key, value: result.data, problems: result.error ? problemsOf(key, raw[key], result.error) : [] };
  });
  return {
    parsed: Object.fromEntries(results.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]]))),
    problems: results.flatMap(({ problems }) => problems),
  };
}

/** The first issue of every path is the one that says it; the others follow from it. */
function problemsOf(key: string, raw: unknown, error: z.ZodError): ConfigProblem[] {
  const problems = error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const unknown = issue.keys.map((field) => keyOf(key, ...issue.path, field));
      return unknown.map((name) => ({ key: name, value: "an unknown field", allowed: issue.message }));
    }
    return [{ key: keyOf(key, ...issue.path), value: shown(valueAt(raw, issue.path)), allowed: issue.message }];
  });
  return [...new Map(problems.reverse().map((problem) => [problem.key, problem])).values()].reverse();
}

/** Somebody may have put a key where a certificate belongs. */
const shown = (value: unknown): string =>
  JSON.stringify(value ?? "").includes("PRIVATE KEY") ? "a text with a private key in it" : show(value);

const valueAt = (raw: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], raw);

/** Kubernetes refuses a request above its limit, but only once the StatefulSet makes its pod. */
function resourceProblems({ shard }: Partial<ParsedConfig>): ConfigProblem[] {
  if (shard === undefined) return [];
  return (["cpu", "memory"] as const).flatMap((kind) => {
    const request = shard[`${kind}Request`];
    const limit = shard[`${kind}Limit`];
    const allowed = `at most dedup-shards:shard.${kind}Limit, which is ${show(limit)}`;
    const fits = (quantityOf(request) ?? 0) <= (quantityOf(limit) ?? 0);
    return fits ? [] : [{ key: keyOf("shard", `${kind}Request`), value: show(request), allowed }];
  });
}

function assemble({ cleanup: { ttlWindow, ...cleanup }, metrics, monitoring, ...parsed }: ParsedConfig): StackConfig {
  return {
    ...parsed,
    targetShards: parsed.targetShards.length === 0 ? parsed.shards : parsed.targetShards,
    cleanup: { ttlWindowMs: ttlWindow, ...cleanup },
    metrics: metricsOf(metrics),
    monitoring: monitoringOf(monitoring),
  };
}
