import type { RawStackConfig } from "./stack-config";

const PROJECT = "dedup-shards:";

/** Keys whose value is text as it stands. Pulumi hands every other over as JSON. */
const TEXT_KEYS = [
  "migrationPhase",
  "keyPrefix",
  "namespace",
  "access",
  "redisPassword",
  "redisUserPassword",
  "redisClientKey",
  "metricsToken",
  "metricsPassword",
  "grafanaToken",
];

/** @returns the values of this project's keys, of known ones and others; what is no JSON stays text. */
export function rawConfig(all: Readonly<Record<string, string>>): RawStackConfig {
  const own = Object.entries(all).filter(([key]) => key.startsWith(PROJECT));
  return Object.fromEntries(
    own.map(([key, text]) => {
      const name = key.slice(PROJECT.length);
      return [name, TEXT_KEYS.includes(name) ? text : fromJson(text)];
    }),
  );
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
