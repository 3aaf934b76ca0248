/**
 * Runs a command where `pulumi`, `kubectl` and a Kubernetes are at hand, and passes on its exit code:
 *
 *   ts-node test/lab/in-lab.ts [--nodes 2] -- COMMAND ARGS…
 *   ts-node test/lab/in-lab.ts --stop
 *
 * With KUBECONFIG set, that cluster is used (LAB_FORCE=1: not even then). Otherwise a local one is started and stopped.
 * LAB_KEEP=1 leaves it running for the next call, until `--stop`. LAB_NAME names it, for several side by side.
 */
import { parseArgs } from "node:util";
import { Lab } from "./cluster";
import { isSet, openEnvironment, searchPathOf } from "./environment";
import { onSignals, runUntilStopped } from "./signals";
import { ensureTools } from "./toolchain";

const USAGE = "usage: in-lab.ts [--nodes 2] -- COMMAND ARGS…";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { nodes: { type: "string", default: "2" }, stop: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const nodes = Number(values.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 9)
    throw new Error(`--nodes ${values.nodes}: 1 to 9 are possible`);
  const name = process.env["LAB_NAME"] ?? "dedup-lab";
  if (values.stop)
    return new Lab({ name, nodes, keep: false, searchPath: searchPathOf(await ensureTools("cluster")) }).stop();
  if (positionals.length === 0) throw new Error(USAGE);

  const stopping = onSignals();
  const { inside, env, leave } = await openEnvironment({ name, nodes, keep: isSet("LAB_KEEP"), stopping });
  try {
    return await runUntilStopped(inside(positionals), { stdio: "inherit", env }, stopping);
  } finally {
    await leave();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(error === "SIGINT" || error === "SIGTERM" || error === "SIGHUP" ? 130 : 1);
  },
);
