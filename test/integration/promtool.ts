/** Debian's promtool, on files of the test's own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * Writes files into a folder of their own (JSON is YAML), and runs promtool there.
 *
 * @returns what it printed.
 * @throws Error with what it printed, when it found something wrong.
 */
export function promtool(files: Readonly<Record<string, unknown>>, ...args: readonly string[]): string {
  const dir = mkdtempSync(path.join(tmpdir(), "dedup-shards-promtool-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(path.join(dir, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    const input = typeof files["stdin"] === "string" ? files["stdin"] : "";
    const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: dir, encoding: "utf8", input });
    if (status !== 0) throw new Error(`promtool ${args.join(" ")}:\n${stdout}${stderr}`);
    return stdout + stderr;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
