/** Puts the parts of the compiled program that every run loads into one file each, because finding hundreds costs CPU time. */
import { build, type BuildOptions, type Plugin } from "esbuild";
import { readFileSync, symlinkSync } from "node:fs";
import path from "node:path";

/** Loaded from node_modules as ever: Pulumi's packages know themselves by their place, and there must be one of each. */
const PACKAGES = ["@pulumi/*", "ts-node"];

/** Large, and not needed by each run: a bundle of its own, where the engines look for packages first. */
const CLIENT = "@kubernetes/client-node";

/** What Pulumi serializes into the state is the text of this file, so it stays as it is. */
const SERIALIZED = /\/providers\/shell$/;

/**
 * Replaces the entry files of a compiled program by bundles.
 *
 * @param sources - the folder of the program's sources.
 * @param program - the folder of the compiled program, which has a copy of them.
 */
export async function bundleProgram(sources: string, program: string): Promise<void> {
  const common: BuildOptions = {
    ...{ bundle: true, minifyWhitespace: true, logLevel: "error", absWorkingDir: sources },
    ...{ platform: "node", target: `node${process.versions.node}`, format: "cjs" },
  };
  await build({
    ...{ ...common, entryPoints: ["index.ts", "migration/entrypoints/dispatch.ts"], outdir: program, outbase: sources },
    ...{ allowOverwrite: true, external: [...PACKAGES, CLIENT], plugins: [serialized, entrypoints] },
  });
  await build({
    ...common,
    entryPoints: [CLIENT],
    outfile: path.join(program, `migration/node_modules/${CLIENT}/index.js`),
  });
  // Where code in a bundle looks for the scripts that lie beside it.
  symlinkSync("../adapters/lua", path.join(program, "migration/entrypoints/lua"));
}

const serialized: Plugin = {
  name: "serialized",
  setup: (bundle) => {
    bundle.onResolve({ filter: SERIALIZED }, () => ({ path: "./migration/providers/shell", external: true }));
  },
};

/** An entrypoint is loaded by its name: a bundle knows its files by theirs. */
const entrypoints: Plugin = {
  name: "entrypoints",
  setup: (bundle) => {
    bundle.onLoad({ filter: /\/dispatch\.ts$/ }, ({ path: file }) => {
      const text = readFileSync(file, "utf8");
      const byName = "import(`./${name}`)";
      if (!text.includes(byName)) throw new Error(`${file} has no ${byName}`);
      return { contents: text.replace(byName, "import(`./${name}.ts`)"), loader: "ts" };
    });
  },
};
