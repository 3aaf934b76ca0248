import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import type { CheckedGateInputs } from "../entrypoints/gate-inputs";
import type { Secrets } from "../entrypoints/inputs";
import type { MigrationPlan } from "../plan/migration-plan";

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const GATE = "::ring-gate";
const PLAN = "MigrationPlan::plan";
const NOT_SET = /configuration key .* not found/;
const KEYS = [
  ...["redis", "redisPassword", "redisUserPassword", "redisClientKey"],
  ...["metricsToken", "metricsPassword", "forceRemoveShards"],
] as const;

/** A stack as its last `up` left it. */
export interface DeployedStack {
  /** What its gate let through: phase, rings, where everything is, and the settings. */
  readonly gate: CheckedGateInputs;
  readonly secrets: Secrets;
  /** The plan of the migration that the gate is in; absent where the state has none. */
  readonly plan?: PlanOutput;
}

/** The parts of a plan in the state that a migration's record has too. */
export type PlanOutput = Pick<MigrationPlan, "migration_id" | "digest" | "total_keys_to_move">;

const OPTIONS = { stack: { type: "string" }, "config-file": { type: "string" } } as const;

/**
 * Asks the Pulumi CLI for the stack that the command line names: `--stack STACK [--config-file FILE]`.
 * @throws Error when none is named, there is no such stack, or it has never been brought up.
 */
export function readStack(): DeployedStack {
  const { stack, "config-file": file } = parseArgs({ options: OPTIONS }).values;
  const named = nameOf(stack);
  const deployed = deployedGate(named);
  if (deployed === undefined) {
    throw new Error(`stack ${named} has no ring yet: run \`pulumi up --stack ${named}\` first`);
  }
  return { ...deployed, secrets: secretsOf(named, file) };
}

/**
 * Asks for a stack, and for a shard of it: `--stack STACK [--shard SHARD] [--config-file FILE]`. Of a stack that has never
 * been brought up a preview says what its first `up` would be about.
 * @throws Error as `readStack` does, and when that preview fails.
 */
export function readStackOrPreview(): DeployedStack & { readonly shard: string | undefined } {
  const options = { ...OPTIONS, shard: { type: "string" } } as const;
  const { stack, shard, "config-file": file } = parseArgs({ options }).values;
  const named = nameOf(stack);
  const known = deployedGate(named) ?? { gate: previewedGate(named, file) };
  return { ...known, secrets: secretsOf(named, file), shard };
}

function nameOf(stack: string | undefined): string {
  if (!stack) throw new Error("--stack is missing: name a stack, as in --stack staging");
  return stack;
}

function deployedGate(stack: string): Omit<DeployedStack, "secrets"> | undefined {
  const { deployment } = JSON.parse(mustRun("stack", "export", "--stack", stack)) as {
    readonly deployment: { readonly resources?: readonly { readonly urn: string; readonly outputs?: object }[] };
  };
  const outputsOf = (name: string) => deployment.resources?.find(({ urn }) => urn.endsWith(name))?.outputs;
  const gate = outputsOf(GATE) as CheckedGateInputs | undefined;
  if (gate === undefined) return undefined;
  const planned = outputsOf(PLAN) as { readonly migration?: number; readonly plan?: PlanOutput | null } | undefined;
  const isOfThis = planned?.migration === gate.migration;
  return { gate, ...(isOfThis && planned?.plan ? { plan: planned.plan } : {}) };
}

function previewedGate(stack: string, file: string | undefined): CheckedGateInputs {
  const { steps = [] } = JSON.parse(mustRun("preview", "--json", "--stack", stack, ...configArgs(file))) as {
    readonly steps?: readonly { readonly urn: string; readonly newState?: { readonly inputs?: object } }[];
  };
  const gate = steps.find(({ urn }) => urn.endsWith(GATE))?.newState?.inputs;
  if (gate === undefined)
    throw new Error(`the preview of stack ${stack} declares no ring. Look at \`pulumi preview\`.`);
  return gate as CheckedGateInputs;
}

function secretsOf(stack: string, file: string | undefined): Secrets {
  const secrets = KEYS.flatMap((name) => {
    const { ok, output, problem } = pulumi("config", "get", name, "--stack", stack, ...configArgs(file));
    if (ok) return [[name, output.trim()]];
    if (NOT_SET.test(problem)) return [];
    throw new Error(`the config of stack ${stack} cannot be read: ${problem}`);
  });
  return Object.fromEntries(secrets) as Secrets;
}

const configArgs = (file: string | undefined): readonly string[] => (file === undefined ? [] : ["--config-file", file]);

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
