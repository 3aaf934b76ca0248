/** The programs that an operator runs beside `pulumi up`, as `npm run` starts them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { REPO_ROOT } from "../lab/machine";
import type { PulumiStack } from "../lab/pulumi-stack";

/**
 * @param args - more of the command line.
 * @returns what it printed, and its exit code.
 */
export async function runProgram(
  stack: PulumiStack,
  file: string,
  ...args: readonly string[]
): Promise<{ output: string; code: number }> {
  const { name, configFile, operatorEnv: env } = stack;
  const program = ["ts-node", "-T", file, "--stack", name, "--config-file", configFile, ...args];
  const child = spawn("npx", program, { cwd: REPO_ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(child, "exit") as Promise<[number]>;
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { output: output + errors, code };
}
