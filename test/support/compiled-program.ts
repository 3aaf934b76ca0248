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
import { CACHE_DIR, findProgram, REPO_ROOT } from "../lab/machine";
import { sourceKey } from "../lab/toolchain";
import { bundleProgram } from "./bundle";
import { transpile } from "./transpile";

const SOURCES = ["index.ts", "components", "migration"];
const FILES = ["package.json", "tsconfig.json", "Pulumi.yaml"];

const LAZY_PACKAGES = "lazy-packages.ts";
/** What is compiled depends on these as well. */
const MAKERS = ["compiled-program.ts", "bundle.ts", "transpile.ts", LAZY_PACKAGES].map((name) =>
  path.join(__dirname, name),
);

/** How a stack runs the compiled program. */
interface CompiledProgram {
  /** The folder to run `pulumi` in. */
  readonly program: string;
  /** Added to the CLI's environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** Compiles the program, once for each version of its sources. */
export async function compiledProgram(): Promise<CompiledProgram> {
  const inputs = [...SOURCES, ...FILES].map((name) => path.join(REPO_ROOT, name));
  const folder = path.join(CACHE_DIR, "program", sourceKey(...inputs, ...MAKERS));
  if (!existsSync(folder)) await make(folder);
  const preload = `--require ${path.join(folder, LAZY_PACKAGES.replace(/ts$/, "js"))}`;
  return { program: folder, env: { ...plainHost(), NODE_OPTIONS: preload } };
}

const HOST = "pulumi-language-nodejs";

/**
 * A current language host reads from Pulumi.yaml that there is no TypeScript to compile. The one that is built here is too
 * old for that: it is told by its flag, and the compiler is not loaded.
 */
function plainHost(): NodeJS.ProcessEnv {
  const host = findProgram(HOST);
  if (!host?.startsWith(CACHE_DIR)) return {};
  const folder = path.join(CACHE_DIR, "program", `host-by-project-for-${path.basename(path.dirname(host))}`);
  if (!existsSync(path.join(folder, HOST))) {
    mkdirSync(folder, { recursive: true });
    const unfinished = path.join(mkdtempSync(`${folder}-`), HOST);
    writeFileSync(unfinished, hostScript(host), { mode: 0o755 });
    renameSync(unfinished, path.join(folder, HOST));
    rmSync(path.dirname(unfinished), { recursive: true });
  }
  return { PATH: `${folder}${path.delimiter}${process.env["PATH"] ?? ""}` };
}

/** Other programs that are run in the same environment may be TypeScript. */
const hostScript = (host: string): string => `#!/bin/sh
grep -q '^ *typescript: false' Pulumi.yaml 2>/dev/null && set -- -typescript=false "$@"
exec "${host}" "$@"
`;

async function make(folder: string): Promise<void> {
  mkdirSync(path.dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  copyProgram(unfinished);
  for (const source of SOURCES) transpile(path.join(REPO_ROOT, source), path.join(unfinished, source));
  await bundleProgram(REPO_ROOT, unfinished);
  transpile(path.join(__dirname, LAZY_PACKAGES), path.join(unfinished, LAZY_PACKAGES));
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
