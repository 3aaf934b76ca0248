/** Processes of a round as one file of JavaScript each: a round starts several, and a compiler would be half of their work. */
import { buildSync, type BuildOptions } from "esbuild";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { CACHE_DIR, REPO_ROOT } from "../lab/machine";
import { sourceKey } from "../lab/toolchain";

/** Everything that these processes import, package versions included. */
const SOURCES = ["migration", "test/faults", "test/integration", "test/lab/backend", "package-lock.json"];

/** Large, and loaded when something is asked of it: a bundle of its own, for those who ask. */
const CLIENT = "@kubernetes/client-node";
const WITH_CLIENT = ["up-process"];

const COMMON: BuildOptions = {
  ...{ bundle: true, minifyWhitespace: true, logLevel: "error", absWorkingDir: REPO_ROOT },
  ...{ platform: "node", target: `node${process.versions.node}`, format: "cjs" },
};

/**
 * Bundles a file of this folder with all that it imports, once for each version of the sources.
 *
 * @param name - of the file, without its ending.
 * @returns the path of the bundle.
 */
export function bundled(name: string): string {
  const key = sourceKey(...SOURCES.map((source) => path.join(REPO_ROOT, source)));
  const folder = path.join(CACHE_DIR, "faults", `${name}-${key}`);
  if (!existsSync(folder)) make(name, folder);
  return path.join(folder, `${name}.js`);
}

function make(name: string, folder: string): void {
  mkdirSync(path.dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  buildSync({ ...COMMON, entryPoints: [`test/faults/${name}.ts`], outdir: unfinished, external: [CLIENT] });
  if (WITH_CLIENT.includes(name)) {
    buildSync({ ...COMMON, entryPoints: [CLIENT], outfile: path.join(unfinished, `node_modules/${CLIENT}/index.js`) });
  }
  // Where code in a bundle looks for the scripts that lie beside it.
  symlinkSync(path.join(REPO_ROOT, "migration/adapters/lua"), path.join(unfinished, "lua"));
  try {
    renameSync(unfinished, folder);
  } catch {
    rmSync(unfinished, { recursive: true }); // another process was faster
  }
}
