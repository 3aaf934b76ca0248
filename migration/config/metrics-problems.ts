import { keyOf, type ConfigProblem } from "./config-error";
import type { ParsedConfig } from "./schema";
import type { RawStackConfig } from "./stack-config";
import { tokenProblems, webUrlProblems } from "./web-url";

/** @returns what is wrong with the section `metrics` as a whole, and with the secrets that go with it. */
export function metricsProblems({ metrics }: Partial<ParsedConfig>, raw: RawStackConfig): ConfigProblem[] {
  if (metrics === undefined) return [];
  const { url, window, interval, bake } = metrics;
  return [
    ...webUrlProblems(["metrics", "url"], url, "metricsToken or metricsPassword"),
    ...problem(
      bake < window ? "at least dedup-shards:metrics.window, whose rates reach back" : undefined,
      "bake",
      `${bake} ms`,
    ),
    ...problem(interval > bake ? "at most dedup-shards:metrics.bake" : undefined, "interval", `${interval} ms`),
    ...credentialProblems(metrics.username, raw),
  ];
}

const problem = (allowed: string | undefined, field: string, value: string): ConfigProblem[] =>
  allowed === undefined ? [] : [{ key: keyOf("metrics", field), value, allowed }];

function credentialProblems(username: string | undefined, raw: RawStackConfig): ConfigProblem[] {
  const { metricsToken: token, metricsPassword: password } = raw;
  const at = (key: string, value: string, allowed: string) => [{ key: keyOf(key), value, allowed }];
  if (token && (username !== undefined || password)) {
    return at("metricsToken", "set", "either this, or dedup-shards:metrics.username and metricsPassword");
  }
  if (password && username === undefined)
    return at("metricsPassword", "set", "only with dedup-shards:metrics.username");
  if (username !== undefined && !password) {
    return at("metricsPassword", "not set", "the password of dedup-shards:metrics.username");
  }
  return tokenProblems("metricsToken", token);
}
