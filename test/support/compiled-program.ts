/**
 * The Pulumi program as JavaScript, for stacks that run it hundreds of times: each run then saves the compiler's start and
 * the compilation. The sources lie beside it, so that whatever runs a `.ts` file of the program finds it.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { CACHE_DIR, REPO_ROOT } from "../lab/machine";
import { sourceKey } from "../lab/toolchain";
import { transpile } from "./transpile";

const SOURCES = ["index.ts", "components", "migration"];
const FILES = ["package.json", "tsconfig.json", "Pulumi.yaml"];

/**
 * Compiles the program, once for each version of its sources.
 *
 * @returns the folder, to run `pulumi` in.
 */
export function compiledProgram(): string {
  const inputs = [...SOURCES, ...FILES].map((name) => path.join(REPO_ROOT, name));
  const folder = path.join(CACHE_DIR, "program", sourceKey(...inputs, __filename));
  if (!existsSync(folder)) make(folder);
  return folder;
}

function make(folder: string): void {
  mkdirSync(path.dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  copyProgram(unfinished);
  for (const source of SOURCES) transpile(path.join(REPO_ROOT, source), path.join(unfinished, source));
  edit(path.join(unfinished, "package.json"), '"main": "index.ts"', '"main": "index.js"');
  edit(path.join(unfinished, "Pulumi.yaml"), "typescript: true", "typescript: false");
  try {
    renameSync(unfinished, folder);
  } catch {
    rmSync(unfinished, { recursive: true }); // another process was faster
  }
}

/** Copies the program's sources into a folder of their own, where a test may edit them. */
export function copyProgram(folder: string): void {
  for (const name of [...SOURCES, ...FILES]) {
    cpSync(path.join(REPO_ROOT, name), path.join(folder, name), { recursive: true });
  }
  symlinkSync(path.join(REPO_ROOT, "node_modules"), path.join(folder, "node_modules"));
}

function edit(file: string, before: string, after: string): void {
  const text = readFileSync(file, "utf8");
  if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
  writeFileSync(file, text.replace(before, after));
}
