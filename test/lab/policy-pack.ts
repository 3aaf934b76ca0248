/**
 * The policy pack, for whichever CLI there is.
 *
 * A CLI has its Node.js language host start a pack; the host that the lab can build is too old to know how. But for a
 * runtime without a language host the CLI starts `pulumi-analyzer-policy-RUNTIME`: so there a folder stands in that names
 * such a runtime, whose program starts the pack as a newer host does (in the pack's folder, with the engine's address).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CACHE_DIR, findProgram, REPO_ROOT } from "./machine";

const PACK = path.join(REPO_ROOT, "policy");
const STAND_IN_RUNTIME = "lab";

export interface PolicyPack {
  /** What to give to `--policy-pack`. */
  readonly dir: string;
  /** Added to the CLI's environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly remove: () => void;
}

export function openPolicyPack(): PolicyPack {
  const isLabs = findProgram("pulumi-language-nodejs")?.startsWith(CACHE_DIR);
  if (!isLabs) return { dir: PACK, env: {}, remove: () => undefined };
  const dir = mkdtempSync(path.join(tmpdir(), "dedup-policy-"));
  writeFileSync(path.join(dir, "PulumiPolicy.yaml"), `runtime: ${STAND_IN_RUNTIME}\n`);
  const runner = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const script = `#!/bin/sh\ncd "${PACK}" && exec node "${runner}" "$1" "${PACK}"\n`;
  writeFileSync(path.join(dir, `pulumi-analyzer-policy-${STAND_IN_RUNTIME}`), script, { mode: 0o755 });
  const env = { PATH: `${dir}${path.delimiter}${process.env["PATH"] ?? ""}` };
  return { dir, env, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
