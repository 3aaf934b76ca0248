/**
 * Runs a command where `pulumi`, `kubectl` and a Kubernetes are at hand, and passes on its exit code:
 *
 *   ts-node test/lab/in-lab.ts [--nodes 2] -- COMMAND ARGS…
 *   ts-node test/lab/in-lab.ts --stop
 *
 * With KUBECONFIG set, that cluster is used (LAB_FORCE=1: not even then). Otherwise a local one is started and stopped.
 * LAB_KEEP=1 leaves it running for the next call, until `--stop`. LAB_NAME names it, for several side by side.
 */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { Lab } from "./cluster";
import { ensurePackages, exitCode } from "./machine";
import { ensureKubernetes, ensurePulumi } from "./toolchain";

const GRACE_MS = 20_000;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { nodes: { type: "string", default: "2" }, stop: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const nodes = Number(values.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 9)
    throw new Error(`--nodes ${values.nodes}: 1 to 9 are possible`);
  if (!values.stop && positionals.length === 0) throw new Error("usage: in-lab.ts [--nodes 2] -- COMMAND ARGS…");

  const isSet = (name: string) => (process.env[name] ?? "") !== "" && process.env[name] !== "0";
  const pulumi = values.stop ? [] : await ensurePulumi();
  if (isSet("KUBECONFIG") && !isSet("LAB_FORCE") && !values.stop) {
    return runCommand(positionals, environment([process.env["PATH"] ?? "", ...pulumi], {}), onSignals());
  }

  if (!values.stop) await ensurePackages();
  const searchPath = [...pulumi, ...(await ensureKubernetes()), process.env["PATH"] ?? "", "/usr/sbin", "/sbin"];
  const name = process.env["LAB_NAME"] ?? "dedup-lab";
  const lab = new Lab({ name, nodes, keep: isSet("LAB_KEEP"), searchPath: searchPath.join(":") });
  if (values.stop) return lab.stop();
  const stopping = onSignals();
  try {
    await lab.enter(stopping);
    stopping.throwIfAborted();
    const env = environment(searchPath, { KUBECONFIG: lab.kubeconfig, LAB_NAME: name });
    return await runCommand(lab.inside(positionals), env, stopping);
  } finally {
    await lab.leave();
  }
}

/** From here on the signals no longer end this process: there is something to clean up. */
function onSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort(signal));
  return stopping.signal;
}

function environment(searchPath: readonly string[], own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...process.env, ...own, PATH: searchPath.join(":"), PULUMI_SKIP_UPDATE_CHECK: "true" };
}

/** Runs it in this terminal; asked to stop, it passes the signal on and waits, but not for ever. */
function runCommand(command: readonly string[], env: NodeJS.ProcessEnv, stopping: AbortSignal): Promise<number> {
  const child = spawn(command[0] ?? "", command.slice(1), { stdio: "inherit", env });
  const passOn = () => {
    child.kill(stopping.reason as NodeJS.Signals);
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  };
  stopping.addEventListener("abort", passOn, { once: true });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(exitCode(code, signal)));
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(error === "SIGINT" || error === "SIGTERM" || error === "SIGHUP" ? 130 : 1);
  },
);
