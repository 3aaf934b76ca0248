/** One bad value: where it stands, what it is, and what would be right. */
export interface ConfigProblem {
  /** The key as `pulumi config set --path` takes it, such as `dedup-shards:copy.keysPerSecond`. */
  readonly key: string;
  /** The bad value as it is shown to the operator; never a secret. */
  readonly value: string;
  /** What the key may hold. */
  readonly allowed: string;
}

/** The stack configuration cannot be used. Lists every problem at once, so that one edit can mend them all. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, value, allowed }) => `  ${key} is ${value}; allowed: ${allowed}`);
    super(["The stack configuration is not valid. Nothing was changed.", ...lines].join("\n"));
  }
}

/** @returns the full name of a config value, e.g. `keyOf("shards", 2)` is `dedup-shards:shards[2]`. */
export function keyOf(...path: readonly PropertyKey[]): string {
  const [first, ...rest] = path;
  return `dedup-shards:${String(first)}${rest.map(segment).join("")}`;
}

function segment(part: PropertyKey): string {
  if (typeof part === "number") return `[${part}]`;
  const name = String(part);
  return /^[\w-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

const LONGEST_VALUE = 120;

/** @returns a value as the operator would recognise it, on one line and not too long. */
export function show(value: unknown): string {
  if (value === undefined) return "not set";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}
