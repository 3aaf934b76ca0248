/** This program as the engine's image has it: compiled, without a compiler in the process. */
import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { REPO_ROOT } from "../lab/machine";

/** Where packages are still found. */
const DIR = path.join(REPO_ROOT, "node_modules", ".cache", "compiled");
const LUA = "migration/adapters/lua";

/** @returns the compiled counterpart of a file of this program. */
export function compiled(file: string): string {
  rmSync(DIR, { recursive: true, force: true });
  execFileSync("npx", ["tsc", "--noEmit", "false", "--outDir", DIR], { cwd: REPO_ROOT, stdio: "inherit" });
  cpSync(path.join(REPO_ROOT, LUA), path.join(DIR, LUA), { recursive: true });
  return path.join(DIR, path.relative(REPO_ROOT, file)).replace(/ts$/, "js");
}
