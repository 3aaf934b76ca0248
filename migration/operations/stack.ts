import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import type { CheckedGateInputs } from "../entrypoints/gate-inputs";
import type { Secrets } from "../entrypoints/inputs";

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const GATE = "::ring-gate";
const NOT_SET = /configuration key .* not found/;
const KEYS = [
  ...["redis", "redisPassword", "redisUserPassword", "redisClientKey"],
  ...["metricsToken", "metricsPassword"],
] as const;

/** A stack as its last `up` left it. */
export interface DeployedStack {
  /** What its gate let through: phase, rings, where everything is, and the settings. */
  readonly gate: CheckedGateInputs;
  readonly secrets: Secrets;
}

/**
 * Asks the Pulumi CLI for the stack that the command line names: `--stack STACK [--config-file FILE]`.
 * @throws Error when none is named, there is no such stack, or it has never been brought up.
 */
export function readStack(): DeployedStack {
  const options = { stack: { type: "string" }, "config-file": { type: "string" } } as const;
  const { stack, "config-file": file } = parseArgs({ options }).values;
  if (!stack) throw new Error("--stack is missing: name a stack, as in --stack staging");
  const config = file === undefined ? [] : ["--config-file", file];
  const { deployment } = JSON.parse(mustRun("stack", "export", "--stack", stack)) as {
    readonly deployment: { readonly resources?: readonly { readonly urn: string; readonly outputs?: object }[] };
  };
  const gate = deployment.resources?.find(({ urn }) => urn.endsWith(GATE))?.outputs;
  if (gate === undefined) throw new Error(`stack ${stack} has no ring yet: run \`pulumi up --stack ${stack}\` first`);
  const secrets = KEYS.flatMap((name) => {
    const { ok, output, problem } = pulumi("config", "get", name, "--stack", stack, ...config);
    if (ok) return [[name, output.trim()]];
    if (NOT_SET.test(problem)) return [];
    throw new Error(`the config of stack ${stack} cannot be read: ${problem}`);
  });
  return { gate: gate as CheckedGateInputs, secrets: Object.fromEntries(secrets) as Secrets };
}

function mustRun(...args: readonly string[]): string {
  const { ok, output, problem } = pulumi(...args);
  if (!ok) throw new Error(`pulumi ${args.join(" ")} failed: ${problem}`);
  return output;
}

function pulumi(...args: readonly string[]) {
  const all = [...args, "--non-interactive", "--color", "never"];
  const { error, status, stdout, stderr } = spawnSync("pulumi", all, { encoding: "utf8", maxBuffer: MAX_OUTPUT_BYTES });
  if (error) throw new Error(`pulumi could not be run: ${error.message}`);
  return { ok: status === 0, output: stdout, problem: stderr.trim() };
}
