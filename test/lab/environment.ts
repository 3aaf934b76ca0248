/** Where end-to-end tests run: `pulumi` on PATH, and a Kubernetes, which is the user's own or a local one. */
import path from "node:path";
import { Lab } from "./cluster";
import { ensurePackages } from "./machine";
import { ensureTools } from "./toolchain";

/** Which environment is wanted. */
export interface EnvironmentOptions {
  /** Of the local cluster: those of different names run side by side. */
  readonly name: string;
  readonly nodes: number;
  /** Whether the local cluster goes on running when its last user has left. */
  readonly keep: boolean;
  /** Stops the start. */
  readonly stopping: AbortSignal;
}

/** An environment that this process uses. */
export interface Environment {
  /** The command line that runs a command in it. */
  readonly inside: (command: readonly string[]) => readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Ends the use of it; must be called. */
  readonly leave: () => Promise<void>;
}

/** @returns whether an environment variable is set to something other than 0. */
export const isSet = (name: string): boolean => (process.env[name] ?? "") !== "" && process.env[name] !== "0";

/** @returns whether tests use the cluster that KUBECONFIG names. */
export const usesOwnCluster = (): boolean => isSet("KUBECONFIG") && !isSet("LAB_FORCE");

/**
 * Opens the cluster that KUBECONFIG names, or starts (or joins) a local one. Builds what is missing.
 *
 * @throws Error where neither is possible
 */
export async function openEnvironment(options: EnvironmentOptions): Promise<Environment> {
  if (usesOwnCluster()) {
    const env = environmentOf([process.env["PATH"] ?? "", ...(await ensureTools("pulumi"))].join(path.delimiter), {});
    return { inside: (command) => command, env, leave: () => Promise.resolve() };
  }
  const [tools] = await Promise.all([ensureTools("pulumi", "cluster"), ensurePackages()]);
  const searchPath = searchPathOf(tools);
  const { stopping, ...wanted } = options;
  const lab = new Lab({ ...wanted, searchPath });
  try {
    await lab.enter(stopping);
    stopping.throwIfAborted();
  } catch (error) {
    await lab.leave();
    throw error;
  }
  const env = environmentOf(searchPath, { KUBECONFIG: lab.kubeconfig, LAB_NAME: options.name });
  return { inside: (command) => lab.inside(command), env, leave: () => lab.leave() };
}

/** @returns PATH for what starts and stops a local cluster: the tools built here first. */
export const searchPathOf = (tools: readonly string[]): string =>
  [...tools, process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(path.delimiter);

const environmentOf = (searchPath: string, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...process.env,
  ...own,
  PATH: searchPath,
  PULUMI_SKIP_UPDATE_CHECK: "true",
});
