/** `npm run adopt` as an operator runs it, on a stack that is known from what its last `up` left. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

/** Stands in for the Pulumi CLI: it exports a state, and knows no secret. */
const PULUMI = `#!/bin/sh
[ "$1 $2" = "stack export" ] && exec cat "$(dirname "$0")/state.json"
echo "error: configuration key '$3' not found for stack '$5'" >&2
exit 1
`;

/**
 * @param gate - the outputs of the stack's gate.
 * @returns what the command printed, and its exit code.
 */
export async function runAdopt(
  gate: object,
  shard: string,
): Promise<{ readonly output: string; readonly code: number }> {
  const dir = mkdtempSync(path.join(tmpdir(), "dedup-shards-adopt-"));
  writeFileSync(path.join(dir, "pulumi"), PULUMI, { mode: 0o755 });
  const urn = "urn:pulumi:test::dedup-shards::pulumi-nodejs:dynamic/dedup:RingGate::ring-gate";
  const state = { deployment: { resources: [{ urn, outputs: gate }] } };
  writeFileSync(path.join(dir, "state.json"), JSON.stringify(state));
  try {
    const args = ["-r", "ts-node/register/transpile-only", "migration/operations/adopt.ts"];
    const env = { ...process.env, PATH: `${dir}:${process.env["PATH"] ?? ""}` };
    const child = spawn(process.execPath, [...args, "--stack", "test", "--shard", shard], { env });
    const exit = once(child, "exit") as Promise<[number]>;
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
    return { output: output + errors, code };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
